import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.WebServiceFeature;
import jakarta.xml.ws.soap.AddressingFeature;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Map;
import javax.security.auth.callback.CallbackHandler;
import notigateway.v1.Notigateway;
import notigateway.v1.NotigatewayService;
import notigateway.v1.Ping;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.WSPasswordCallback;

/** CXF with nothing but the policy of the WSDL and keys: with WS-Addressing or without, the algorithm named or not. */
public final class PolicyAlone {

    public static void main(String[] arguments) throws Exception {
        String passphrase = Files.readString(Path.of(arguments[2])).strip();
        boolean addressed = arguments[4].equals("addressed");
        WebServiceFeature[] features = addressed ? new WebServiceFeature[] {new AddressingFeature()} : new WebServiceFeature[0];
        Notigateway port = new NotigatewayService(URI.create(arguments[0] + "?wsdl").toURL())
                .getNotigatewayPort(features);
        KeyStore mine = KeyStore.getInstance("PKCS12");
        try (InputStream file = Files.newInputStream(Path.of(arguments[1]))) {
            mine.load(file, passphrase.toCharArray());
        }
        Merlin key = new Merlin();
        key.setKeyStore(mine);
        Merlin service = new Merlin();
        service.setTrustStore(trusting(Path.of(arguments[3])));
        CallbackHandler password = asked -> ((WSPasswordCallback) asked[0]).setPassword(passphrase);
        Map<String, Object> context = ((BindingProvider) port).getRequestContext();
        context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, arguments[0]);
        context.put("security.signature.crypto", key);
        context.put("security.encryption.crypto", service);
        context.put("security.signature.username", mine.aliases().nextElement());
        context.put("security.callback-handler", password);
        if (arguments[5].equals("named")) {
            context.put("ws-security.asymmetric.signature.algorithm", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
        }
        System.out.println(port.ping(new Ping()).getParty().getIdentifier());
        System.exit(0);
    }

    private static KeyStore trusting(Path certificate) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream file = Files.newInputStream(certificate)) {
            store.setCertificateEntry("service", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        return store;
    }
}
