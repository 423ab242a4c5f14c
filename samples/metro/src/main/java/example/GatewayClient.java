package example;

import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;

import jakarta.xml.ws.Binding;
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.soap.AddressingFeature;
import jakarta.xml.ws.soap.MTOMFeature;

import com.sun.xml.ws.util.RuntimeVersion;
import com.sun.xml.wss.XWSSConstants;

import notigateway.v1.Notigateway;
import notigateway.v1.NotigatewayService;

/**
 * A client of the gateway with Eclipse Metro, by the policy of its WSDL: every request signed, every answer verified.
 * Copy it, with {@link ServiceCertificate}, {@link AnswersThis} and {@code META-INF/wsit-client.xml}.
 *
 * <p>An answer, or a fault, that the pinned service certificate did not sign, or that answers another request, is an
 * exception, never a value.
 */
public final class GatewayClient {
    private final Notigateway port;
    private final AnswersThis answers;

    private GatewayClient(Notigateway port, AnswersThis answers) {
        this.port = port;
        this.answers = answers;
    }

    /** What this client is made of, and in which versions. */
    public static String versions() {
        return "Metro " + RuntimeVersion.VERSION.toString().split("[ /]")[2];
    }

    /** Connects by the policy; in the mode policy-mtom documents travel in parts beside messages. */
    public static GatewayClient open(String mode, String url, Path p12, String passphrase, Path service)
            throws Exception {
        KeyStore mine = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(p12)) {
            mine.load(in, passphrase.toCharArray());
        }
        String alias = mine.aliases().nextElement();

        // With WS-Addressing each message has a MessageID. Without it equal requests within one second are equal
        // bytes, since Metro's Timestamps have whole seconds: a replay, for the gateway.
        Notigateway port = new NotigatewayService(URI.create(url + "?wsdl").toURL())
                .getNotigatewayPort(new AddressingFeature(), new MTOMFeature(mode.equals("policy-mtom")));
        Map<String, Object> context = ((BindingProvider) port).getRequestContext();
        context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, url);
        context.put(XWSSConstants.CERTIFICATE_PROPERTY, mine.getCertificate(alias));
        context.put(XWSSConstants.PRIVATEKEY_PROPERTY, (PrivateKey) mine.getKey(alias, passphrase.toCharArray()));
        context.put(ServiceCertificate.PINNED, certificate(service));

        Binding binding = ((BindingProvider) port).getBinding();
        AnswersThis answers = new AnswersThis(mine.getCertificate(alias));
        binding.setHandlerChain(List.of(answers));
        return new GatewayClient(port, answers);
    }

    /** The operations of the contract, as wsimport generates them. */
    public Notigateway port() {
        return port;
    }

    /** How many answers, faults included, were proven to be the service's and to answer their request. */
    public int verifiedAnswers() {
        return answers.count();
    }

    private static X509Certificate certificate(Path file) throws Exception {
        try (InputStream in = Files.newInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }
}
