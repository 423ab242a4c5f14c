package peer;

import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Map;
import javax.security.auth.callback.CallbackHandler;
import javax.xml.namespace.QName;
import notigateway.v1.ListNotifications;
import notigateway.v1.Notigateway;
import org.apache.cxf.jaxws.JaxWsServerFactoryBean;
import org.apache.cxf.message.MessageContentsList;
import org.apache.cxf.ws.security.wss4j.WSS4JInInterceptor;
import org.apache.cxf.ws.security.wss4j.WSS4JOutInterceptor;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.WSPasswordCallback;

/**
 * Apache CXF and WSS4J answering ListNotifications of the published contract from memory: nothing is durable, nobody's
 * rights are asked and no certificate's revocation. What a well-known stack needs for the signatures and the XML alone.
 *
 * <p>Arguments: policy, action or streaming; port; PKCS #12 file of the service; its passphrase; PEM file of the trusted
 * authorities; the WSDL.
 */
public final class Peer {

    private static final String RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    private static final String NAMESPACE = "urn:notigateway:v1";
    private static final String BODY_AND_TIMESTAMP =
            "{Element}{http://schemas.xmlsoap.org/soap/envelope/}Body;"
                    + "{Element}{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Timestamp";

    private Peer() {}

    public static void main(String[] arguments) throws Exception {
        String mode = arguments[0];
        String url = "http://127.0.0.1:" + arguments[1] + "/notigateway/v1";
        Path key = Path.of(arguments[2]);
        String passphrase = arguments[3];
        Merlin crypto = crypto(key, passphrase, Path.of(arguments[4]));
        CallbackHandler password = asked -> ((WSPasswordCallback) asked[0]).setPassword(passphrase);
        String alias = crypto.getKeyStore().aliases().nextElement();

        JaxWsServerFactoryBean factory = new JaxWsServerFactoryBean();
        factory.setServiceClass(Notigateway.class);
        factory.setAddress(url);
        if (mode.equals("action")) {
            byAction(factory, crypto, alias, password);
        } else {
            factory.setWsdlLocation(Path.of(arguments[5]).toUri().toString());
            factory.setServiceName(new QName(NAMESPACE, "NotigatewayService"));
            factory.setEndpointName(new QName(NAMESPACE, "NotigatewayPort"));
            factory.setProperties(new java.util.HashMap<>(Map.of(
                    "security.signature.crypto", crypto,
                    "security.encryption.crypto", crypto,
                    "security.signature.username", alias,
                    "security.callback-handler", password,
                    "ws-security.asymmetric.signature.algorithm", RSA_SHA256,
                    "ws-security.enable.streaming", Boolean.toString(mode.equals("streaming")))));
        }
        Pages pages = new Pages();
        factory.setInvoker((exchange, parameters) -> new MessageContentsList(
                (Object) pages.page(((ListNotifications) ((MessageContentsList) parameters).get(0)).getPageSize())));
        factory.create();
        System.out.println("READY");
        Thread.currentThread().join();
    }

    private static void byAction(
            JaxWsServerFactoryBean factory, Merlin crypto, String alias, CallbackHandler password) {
        factory.getInInterceptors().add(new WSS4JInInterceptor(Map.of(
                "action", "Timestamp Signature",
                "signaturePropRefId", "crypto",
                "crypto", crypto)));
        factory.getOutInterceptors().add(new WSS4JOutInterceptor(Map.of(
                "action", "Timestamp Signature",
                "user", alias,
                "signaturePropRefId", "crypto",
                "crypto", crypto,
                "passwordCallbackRef", password,
                "signatureKeyIdentifier", "DirectReference",
                "signatureAlgorithm", RSA_SHA256,
                "signatureDigestAlgorithm", "http://www.w3.org/2001/04/xmlenc#sha256",
                "signatureParts", BODY_AND_TIMESTAMP)));
    }

    private static Merlin crypto(Path p12, String passphrase, Path authorities) throws Exception {
        KeyStore key = KeyStore.getInstance("PKCS12");
        try (InputStream file = Files.newInputStream(p12)) {
            key.load(file, passphrase.toCharArray());
        }
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (InputStream file = Files.newInputStream(authorities)) {
            int number = 0;
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                trusted.setCertificateEntry("authority" + number++, one);
            }
        }
        Merlin crypto = new Merlin();
        crypto.setKeyStore(key);
        crypto.setTrustStore(trusted);
        return crypto;
    }
}
