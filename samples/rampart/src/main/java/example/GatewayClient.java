package example;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.UUID;

import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.wsdl.factory.WSDLFactory;
import javax.wsdl.xml.WSDLReader;
import javax.xml.namespace.QName;

import org.apache.axiom.om.util.AXIOMUtil;
import org.apache.axis2.AxisFault;
import org.apache.axis2.addressing.EndpointReference;
import org.apache.axis2.client.ServiceClient;
import org.apache.axis2.context.ConfigurationContext;
import org.apache.axis2.context.ConfigurationContextFactory;
import org.apache.axis2.context.MessageContext;
import org.apache.neethi.Policy;
import org.apache.rampart.policy.model.CryptoConfig;
import org.apache.rampart.policy.model.RampartConfig;
import org.apache.ws.security.WSDataRef;
import org.apache.ws.security.WSPasswordCallback;
import org.apache.ws.security.WSSecurityEngineResult;
import org.apache.ws.security.handler.WSHandlerConstants;
import org.apache.ws.security.handler.WSHandlerResult;
import org.w3c.dom.Element;

/**
 * A client of the gateway with Axis2 and Rampart, by the policy of its WSDL: every request signed, every answer verified.
 *
 * <p>Rampart proves signatures. It does not ask whether the Body that is read is the one that was signed, whether
 * exactly the service signed it, and whether it answers this request: {@link #prove} does.
 */
public final class GatewayClient {
    private static final String CONTRACT = "urn:notigateway:v1";
    private static final String MERLIN = "org.apache.ws.security.crypto.merlin.";

    private final ServiceClient client;
    private final String signer;
    private final Certificate service;

    private GatewayClient(ServiceClient client, Certificate mine, Certificate service) throws Exception {
        this.client = client;
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(mine.getEncoded());
        this.signer = HexFormat.of().formatHex(digest);
        this.service = service;
    }

    /** Connects with the key in a PKCS #12 file and the certificate that signs answers. */
    public static GatewayClient open(String url, Path p12, String passphrase, Path service) throws Exception {
        // The modules rampart and addressing lie beside the program.
        Path program = Path.of(GatewayClient.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        ConfigurationContext context = ConfigurationContextFactory.createConfigurationContextFromFileSystem(
                program.resolveSibling("repo").toString(), null);
        WSDLReader reader = WSDLFactory.newInstance().newWSDLReader();
        reader.setFeature("javax.wsdl.verbose", false);
        ServiceClient client = new ServiceClient(context, reader.readWSDL(url + "?wsdl"),
                new QName(CONTRACT, "NotigatewayService"), "NotigatewayPort");
        Certificate pinned;
        try (InputStream in = Files.newInputStream(service)) {
            pinned = CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
        KeyStore mine = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(p12)) {
            mine.load(in, passphrase.toCharArray());
        }
        String alias = mine.aliases().nextElement();
        Policy config = new Policy();
        config.addAssertion(config(p12, alias, passphrase, pinned));
        client.getAxisService().getPolicySubject().attachPolicy(config);
        client.engageModule("rampart");
        client.engageModule("addressing");
        client.getOptions().setTo(new EndpointReference(url));
        client.getOptions().setProperty(WSHandlerConstants.PW_CALLBACK_REF, (CallbackHandler) callbacks -> {
            for (Callback one : callbacks) {
                ((WSPasswordCallback) one).setPassword(passphrase);
            }
        });
        return new GatewayClient(client, mine.getCertificate(alias), pinned);
    }

    /** Calls an operation with the content of its request, prefix n, and returns the proven answer. */
    public String call(String operation, String content) throws Exception {
        client.getOptions().setAction(CONTRACT + ":" + operation);
        // It also says whose request it is: the gateway answers nobody else under it.
        client.getOptions().setMessageId("urn:uuid:" + UUID.randomUUID() + "#" + signer);
        String request = "<n:%1$s xmlns:n='%2$s'>%3$s</n:%1$s>".formatted(operation, CONTRACT, content);
        try {
            String answer = client.sendReceive(new QName(CONTRACT, operation), AXIOMUtil.stringToOM(request)).toString();
            prove();
            return answer;
        } catch (AxisFault fault) {
            if (fault.getDetail() != null) {
                prove();
            }
            throw fault;
        }
    }

    private static RampartConfig config(Path p12, String alias, String passphrase, Certificate service)
            throws Exception {
        // Rampart reads files only: a trust store with the service's certificate, and no authority.
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("service", service);
        Path store = Files.createTempFile("service", ".p12");
        store.toFile().deleteOnExit();
        try (OutputStream out = Files.newOutputStream(store)) {
            trusted.store(out, passphrase.toCharArray());
        }
        Properties files = new Properties();
        files.put(MERLIN + "keystore.type", "pkcs12");
        files.put(MERLIN + "keystore.file", p12.toString());
        files.put(MERLIN + "keystore.password", passphrase);
        files.put(MERLIN + "truststore.type", "pkcs12");
        files.put(MERLIN + "truststore.file", store.toString());
        files.put(MERLIN + "truststore.password", passphrase);
        CryptoConfig crypto = new CryptoConfig();
        crypto.setProvider("org.apache.ws.security.components.crypto.Merlin");
        crypto.setProp(files);
        RampartConfig config = new RampartConfig();
        config.setUserCertAlias(alias);
        config.setSigCryptoConfig(crypto);
        config.setEncrCryptoConfig(crypto);
        return config;
    }

    /** Proves that what was answered last is signed by the service, is what is read, and answers our request. */
    private void prove() throws AxisFault {
        MessageContext answer = client.getLastOperationContext().getMessageContext("In");
        String asked = client.getLastOperationContext().getMessageContext("Out").getMessageID();
        boolean body = false;
        boolean relates = false;
        for (Object handled : (List<?>) answer.getProperty(WSHandlerConstants.RECV_RESULTS)) {
            for (WSSecurityEngineResult one : ((WSHandlerResult) handled).getResults()) {
                List<?> parts = (List<?>) one.get(WSSecurityEngineResult.TAG_DATA_REF_URIS);
                if (parts == null || !service.equals(one.get(WSSecurityEngineResult.TAG_X509_CERTIFICATE))) {
                    continue;
                }
                for (Object each : parts) {
                    Element part = ((WSDataRef) each).getProtectedElement();
                    Element envelope = part.getOwnerDocument().getDocumentElement();
                    body |= part.getLocalName().equals("Body") && part.getParentNode() == envelope;
                    relates |= part.getLocalName().equals("RelatesTo")
                            && part.getParentNode().getParentNode() == envelope
                            && part.getTextContent().equals(asked);
                }
            }
        }
        if (!body || !relates) {
            throw new SecurityException("this is not the service's answer to our request");
        }
    }
}
