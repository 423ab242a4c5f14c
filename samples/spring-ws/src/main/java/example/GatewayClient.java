package example;

import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.HexFormat;

import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.dom.engine.WSSecurityEngine;

import org.springframework.oxm.jaxb.Jaxb2Marshaller;
import org.springframework.ws.client.core.WebServiceTemplate;
import org.springframework.ws.client.support.interceptor.ClientInterceptor;
import org.springframework.ws.soap.SoapMessage;
import org.springframework.ws.soap.addressing.client.ActionCallback;
import org.springframework.ws.soap.addressing.messageid.MessageIdStrategy;
import org.springframework.ws.soap.addressing.messageid.UuidMessageIdStrategy;
import org.springframework.ws.soap.addressing.version.Addressing10;
import org.springframework.ws.soap.client.SoapFaultClientException;
import org.springframework.ws.soap.saaj.SaajSoapMessageFactory;

import notigateway.v1.GatewayFault;
import notigateway.v1.GatewayFaultMessage;
import notigateway.v1.Notigateway;

/**
 * A client of the gateway with Spring Web Services: every request signed, every answer verified. Copy it, with
 * {@link SignedConversation}, which is where the security is; this only connects the parts.
 *
 * <p>An answer, or a fault, that the pinned service certificate did not sign, or that answers another request, is an
 * exception, never a value.
 */
public final class GatewayClient {
    private static final String CONTRACT = "urn:notigateway:v1";

    private final Notigateway port;
    private final SignedConversation security;

    private GatewayClient(Notigateway port, SignedConversation security) {
        this.port = port;
        this.security = security;
    }

    /** What this client is made of, and in which versions. */
    public static String versions() {
        return "Spring-WS %s, WSS4J %s".formatted(WebServiceTemplate.class.getPackage().getImplementationVersion(),
                WSSecurityEngine.class.getPackage().getImplementationVersion());
    }

    /** Connects; the only mode is action. */
    public static GatewayClient open(String mode, String url, Path p12, String passphrase, Path service)
            throws Exception {
        KeyStore mine = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(p12)) {
            mine.load(in, passphrase.toCharArray());
        }
        Merlin key = new Merlin();
        key.setKeyStore(mine);
        SignedConversation security =
                new SignedConversation(key, mine.aliases().nextElement(), passphrase, certificate(service));
        security.afterPropertiesSet();

        Jaxb2Marshaller marshaller = new Jaxb2Marshaller();
        marshaller.setContextPath(Notigateway.class.getPackageName());
        marshaller.afterPropertiesSet();
        SaajSoapMessageFactory messages = new SaajSoapMessageFactory();
        messages.afterPropertiesSet();
        WebServiceTemplate template = new WebServiceTemplate(messages);
        template.setDefaultUri(url);
        template.setMarshaller(marshaller);
        template.setUnmarshaller(marshaller);
        template.setInterceptors(new ClientInterceptor[] {security});
        Certificate signer = mine.getCertificate(mine.aliases().nextElement());
        return new GatewayClient(operations(template, URI.create(url), new NamesSigner(signer)), security);
    }

    /** The operations of the contract; each is a call of the template. */
    public Notigateway port() {
        return port;
    }

    /** How many answers, faults included, were proven to be the service's and to answer their request. */
    public int verifiedAnswers() {
        return security.verifiedAnswers();
    }

    /** Every operation has one request, and its name is the request's: {@code port.ping(new Ping())}. */
    private static Notigateway operations(WebServiceTemplate template, URI url, MessageIdStrategy names) {
        return (Notigateway) Proxy.newProxyInstance(GatewayClient.class.getClassLoader(),
                new Class<?>[] {Notigateway.class},
                (proxy, method, requests) -> call(template, url, names, requests[0]));
    }

    private static Object call(WebServiceTemplate template, URI url, MessageIdStrategy names, Object request)
            throws Exception {
        URI action = URI.create(CONTRACT + ":" + request.getClass().getSimpleName());
        ActionCallback addressing = new ActionCallback(action, new Addressing10(), url);
        addressing.setMessageIdStrategy(names);
        try {
            return template.marshalSendAndReceive(request, addressing);
        } catch (SoapFaultClientException fault) {
            throw of(template, fault);
        }
    }

    private static Exception of(WebServiceTemplate template, SoapFaultClientException fault) throws Exception {
        if (fault.getSoapFault().getFaultDetail() == null) {
            return fault;
        }
        Object detail = template.getUnmarshaller()
                .unmarshal(fault.getSoapFault().getFaultDetail().getDetailEntries().next().getSource());
        return new GatewayFaultMessage(fault.getFaultStringOrReason(), (GatewayFault) detail, fault);
    }

    /** A MessageID that also says whose request it is: the gateway answers nobody else under it. */
    private static final class NamesSigner extends UuidMessageIdStrategy {
        private final String signer;

        NamesSigner(Certificate mine) throws GeneralSecurityException {
            signer = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(mine.getEncoded()));
        }

        @Override
        public URI newMessageId(SoapMessage message) {
            return URI.create(super.newMessageId(message) + "#" + signer);
        }
    }

    private static X509Certificate certificate(Path file) throws Exception {
        try (InputStream in = Files.newInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }
}
