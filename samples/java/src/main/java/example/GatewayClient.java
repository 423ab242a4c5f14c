package example;

import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;

import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.xml.namespace.QName;

import jakarta.xml.soap.SOAPException;
import jakarta.xml.soap.SOAPMessage;
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.soap.SOAPBinding;

import org.w3c.dom.Element;
import org.w3c.dom.Node;

import org.apache.cxf.endpoint.Client;
import org.apache.cxf.frontend.ClientProxy;
import org.apache.cxf.helpers.DOMUtils;
import org.apache.cxf.interceptor.Fault;
import org.apache.cxf.jaxws.JaxWsProxyFactoryBean;
import org.apache.cxf.message.Message;
import org.apache.cxf.phase.AbstractPhaseInterceptor;
import org.apache.cxf.phase.Phase;
import org.apache.cxf.rt.security.SecurityConstants;
import org.apache.cxf.ws.addressing.AddressingProperties;
import org.apache.cxf.ws.addressing.AttributedURIType;
import org.apache.cxf.ws.addressing.JAXWSAConstants;
import org.apache.cxf.ws.addressing.WSAddressingFeature;
import org.apache.cxf.ws.security.wss4j.DefaultCryptoCoverageChecker;
import org.apache.cxf.ws.security.wss4j.PolicyBasedWSS4JInInterceptor;
import org.apache.cxf.ws.security.wss4j.WSS4JInInterceptor;
import org.apache.cxf.ws.security.wss4j.WSS4JOutInterceptor;
import org.apache.wss4j.common.ConfigurationConstants;
import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.WSPasswordCallback;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.WSDataRef;
import org.apache.wss4j.dom.engine.WSSecurityEngine;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.WSHandlerConstants;
import org.apache.wss4j.dom.handler.WSHandlerResult;

import notigateway.v1.Notigateway;
import notigateway.v1.NotigatewayService;

/**
 * A client of the gateway with Apache CXF: every request signed, every answer verified. Copy it.
 *
 * <p>The two ways to configure CXF are here: {@link #byPolicy} lets CXF read in the WSDL what is to be
 * signed, {@link #byAction} says it in code and needs no WSDL. Either way an answer, or a fault, that the
 * pinned service certificate did not sign as the answer to this very request is an exception, never a value.
 */
public final class GatewayClient {
    // Basic256Sha256 alone makes CXF sign with rsa-sha1, which the gateway refuses: name the algorithm.
    private static final String RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    private static final String SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    private static final String WSA = "http://www.w3.org/2005/08/addressing";
    private static final String PARTS = "{Element}{" + WSConstants.WSU_NS + "}Timestamp;"
            + "{Element}{" + WSA + "}To;{Element}{" + WSA + "}Action;{Element}{" + WSA + "}MessageID;"
            + "{Element}{" + WSConstants.URI_SOAP11_ENV + "}Body";

    private final Notigateway port;
    private final SignedByService verifier;

    private GatewayClient(Notigateway port, Holder me, Path service) throws Exception {
        this.port = port;
        this.verifier = new SignedByService(certificate(service));
        Client client = ClientProxy.getClient(port);
        new WSAddressingFeature().initialize(client, client.getBus());
        client.getOutInterceptors().add(new NamesRequest(me.fingerprint()));
        // WSS4J proves signatures; these two ask who signed what, and whether it is the Body that will be read.
        DefaultCryptoCoverageChecker coverage = new DefaultCryptoCoverageChecker();
        coverage.addAfter(PolicyBasedWSS4JInInterceptor.class.getName());
        client.getInInterceptors().add(coverage);
        client.getInInterceptors().add(verifier);
    }

    /** What this client is made of, and in which versions. */
    public static String versions() {
        return "CXF %s, WSS4J %s".formatted(org.apache.cxf.version.Version.getCurrentVersion(),
                WSSecurityEngine.class.getPackage().getImplementationVersion());
    }

    /** Connects in one of the ways: policy, direct (reference) or issuer-serial; those with -mtom take parts. */
    public static GatewayClient open(String mode, String url, Path p12, String passphrase, Path service)
            throws Exception {
        Holder me = Holder.open(p12, passphrase);
        return switch (mode) {
            case "policy" -> byPolicy(url, me, service);
            case "policy-mtom" -> byPolicy(url, me, service).inParts();
            case "direct" -> byAction(url, me, service, "DirectReference");
            case "direct-mtom" -> byAction(url, me, service, "DirectReference").inParts();
            case "issuer-serial" -> byAction(url, me, service, "IssuerSerial");
            default -> throw new IllegalArgumentException(mode);
        };
    }

    /** Has documents travel in parts beside messages (MTOM); WSS4J verifies them with the Body. */
    public GatewayClient inParts() {
        ((SOAPBinding) ((BindingProvider) port).getBinding()).setMTOMEnabled(true);
        return this;
    }

    /** Signs and verifies as the policy in the service's WSDL says. */
    public static GatewayClient byPolicy(String url, Holder me, Path service) throws Exception {
        URL wsdl = URI.create(url + "?wsdl").toURL();
        Notigateway port = new NotigatewayService(wsdl).getNotigatewayPort();
        Map<String, Object> context = ((BindingProvider) port).getRequestContext();
        context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, url);
        context.put(SecurityConstants.SIGNATURE_USERNAME, me.alias());
        context.put(SecurityConstants.SIGNATURE_CRYPTO, me.crypto());
        context.put(SecurityConstants.CALLBACK_HANDLER, me.password());
        // The other party's certificates: it is called so although nothing is encrypted.
        context.put(SecurityConstants.ENCRYPT_CRYPTO, trusting(service));
        context.put("ws-security.asymmetric.signature.algorithm", RSA_SHA256);
        return new GatewayClient(port, me, service);
    }

    /** Signs and verifies as this code says; `keyIdentifier` is DirectReference or IssuerSerial. */
    public static GatewayClient byAction(String url, Holder me, Path service, String keyIdentifier)
            throws Exception {
        JaxWsProxyFactoryBean factory = new JaxWsProxyFactoryBean();
        factory.setServiceClass(Notigateway.class);
        factory.setAddress(url);
        Notigateway port = (Notigateway) factory.create();

        Map<String, Object> out = new HashMap<>();
        out.put(ConfigurationConstants.ACTION, "Timestamp Signature");
        out.put(ConfigurationConstants.USER, me.alias());
        out.put(ConfigurationConstants.PW_CALLBACK_REF, me.password());
        out.put(ConfigurationConstants.SIG_PROP_REF_ID, "mine");
        out.put("mine", me.crypto());
        out.put(ConfigurationConstants.SIG_KEY_ID, keyIdentifier);
        out.put(ConfigurationConstants.SIG_ALGO, RSA_SHA256);
        out.put(ConfigurationConstants.SIG_DIGEST_ALGO, SHA256);
        out.put(ConfigurationConstants.SIGNATURE_PARTS, PARTS);

        Map<String, Object> in = new HashMap<>();
        in.put(ConfigurationConstants.ACTION, "Timestamp Signature");
        in.put(ConfigurationConstants.SIG_VER_PROP_REF_ID, "service");
        in.put("service", trusting(service));

        Client client = ClientProxy.getClient(port);
        client.getOutInterceptors().add(new WSS4JOutInterceptor(out));
        client.getInInterceptors().add(new WSS4JInInterceptor(in));
        return new GatewayClient(port, me, service);
    }

    /** The operations of the contract, as wsdl2java generates them. */
    public Notigateway port() {
        return port;
    }

    /** How many answers, faults included, were proven to be the service's. */
    public int verifiedAnswers() {
        return verifier.count;
    }

    private static Crypto trusting(Path service) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("service", certificate(service));
        Merlin crypto = new Merlin();
        crypto.setTrustStore(store);
        return crypto;
    }

    private static Certificate certificate(Path file) throws Exception {
        try (InputStream in = Files.newInputStream(file)) {
            return CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    /** Your key and certificate in a PKCS #12 file. */
    public record Holder(String alias, Crypto crypto, CallbackHandler password, String fingerprint) {
        /** Opens a PKCS #12 file that holds one key. */
        public static Holder open(Path p12, String passphrase) throws Exception {
            KeyStore store = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(p12)) {
                store.load(in, passphrase.toCharArray());
            }
            Merlin crypto = new Merlin();
            crypto.setKeyStore(store);
            CallbackHandler password = callbacks -> {
                for (Callback callback : callbacks) {
                    ((WSPasswordCallback) callback).setPassword(passphrase);
                }
            };
            String alias = store.aliases().nextElement();
            byte[] certificate = store.getCertificate(alias).getEncoded();
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(certificate);
            return new Holder(alias, crypto, password, HexFormat.of().formatHex(hash));
        }
    }

    /**
     * Gives every request a MessageID of its own. It ends with the hash of our certificate: anybody could ask
     * under a MessageID, which travels in the clear, but under one that names its signer nobody else is answered.
     */
    private static final class NamesRequest extends AbstractPhaseInterceptor<Message> {
        private final String fingerprint;

        NamesRequest(String fingerprint) {
            super(Phase.SETUP);
            this.fingerprint = fingerprint;
        }

        @Override
        public void handleMessage(Message message) {
            AttributedURIType name = new AttributedURIType();
            name.setValue("urn:uuid:" + UUID.randomUUID() + "#" + fingerprint);
            AddressingProperties addressing = new AddressingProperties();
            addressing.setMessageID(name);
            message.put(JAXWSAConstants.CLIENT_ADDRESSING_PROPERTIES, addressing);
            message.getExchange().put("example.MessageID", name.getValue());
        }
    }

    /** Refuses what exactly this certificate did not sign as the answer to the request; runs before anybody reads. */
    private static final class SignedByService extends AbstractPhaseInterceptor<Message> {
        private final Certificate service;
        private int count;

        SignedByService(Certificate service) {
            super(Phase.PRE_PROTOCOL_FRONTEND);
            this.service = service;
        }

        @Override
        public void handleMessage(Message message) {
            List<WSDataRef> signed = signedParts(message);
            if (signed.isEmpty()) {
                throw refusal("this answer is not signed by the service");
            }
            // The service signs answers to others too.
            SOAPMessage answer = message.getContent(SOAPMessage.class);
            List<Element> related = DOMUtils.getChildrenWithName(header(answer), WSA, "RelatesTo");
            if (related.isEmpty() && fault(answer) != null) {
                throw refusal("this fault is not proven to be about this request: " + fault(answer));
            }
            if (related.size() != 1 || !isAmong(signed, related.get(0))
                    || !related.get(0).getTextContent().trim().equals(message.getExchange().get("example.MessageID"))) {
                throw refusal("this is the answer to another request");
            }
            count++;
        }

        /** What was signed with the service's key: WSS4J has proven the digests of these very elements. */
        private List<WSDataRef> signedParts(Message message) {
            List<?> all = (List<?>) message.get(WSHandlerConstants.RECV_RESULTS);
            return all == null ? List.of() : all.stream()
                    .flatMap(one -> ((WSHandlerResult) one).getResults().stream())
                    .filter(one -> Integer.valueOf(WSConstants.SIGN).equals(one.get(WSSecurityEngineResult.TAG_ACTION)))
                    .filter(one -> service.equals(one.get(WSSecurityEngineResult.TAG_X509_CERTIFICATE)))
                    .flatMap(one -> ((List<?>) one.get(WSSecurityEngineResult.TAG_DATA_REF_URIS)).stream())
                    .map(WSDataRef.class::cast).toList();
        }

        private static boolean isAmong(List<WSDataRef> signed, Element part) {
            Node wanted = DOMUtils.getDomElement(part);
            return signed.stream().anyMatch(one -> DOMUtils.getDomElement(one.getProtectedElement()) == wanted);
        }

        private static Element header(SOAPMessage answer) {
            try {
                return answer.getSOAPHeader();
            } catch (SOAPException error) {
                throw refusal("this answer has no Header");
            }
        }

        private static String fault(SOAPMessage answer) {
            try {
                return answer.getSOAPBody().hasFault() ? answer.getSOAPBody().getFault().getFaultString() : null;
            } catch (SOAPException error) {
                throw refusal("this answer has no Body");
            }
        }

        private static Fault refusal(String text) {
            return new Fault(new SecurityException(text), new QName("urn:example", "NotVerified"));
        }
    }
}
