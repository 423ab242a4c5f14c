@files@
// java -cp 'lib/*' Call.java        lib: cxf-rt-frontend-jaxws, cxf-rt-transports-http, cxf-rt-ws-security
import java.io.InputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Map;

import javax.security.auth.callback.CallbackHandler;
import javax.xml.namespace.QName;
import javax.xml.transform.Source;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.stream.StreamResult;
import javax.xml.transform.stream.StreamSource;

import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Dispatch;
import jakarta.xml.ws.Service;
import jakarta.xml.ws.soap.SOAPBinding;

import org.apache.cxf.endpoint.Client;
import org.apache.cxf.jaxws.DispatchImpl;
import org.apache.cxf.ws.security.wss4j.DefaultCryptoCoverageChecker;
import org.apache.cxf.ws.security.wss4j.WSS4JInInterceptor;
import org.apache.cxf.ws.security.wss4j.WSS4JOutInterceptor;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.WSPasswordCallback;

public class Call {
    static final String NAMESPACE = "@namespace@";
    static final String CONTENT = """
            @content@""";

    public static void main(String[] arguments) throws Exception {
        Service service = Service.create(new QName(NAMESPACE, "@service@"));
        QName port = new QName(NAMESPACE, "@port@");
        service.addPort(port, SOAPBinding.SOAP11HTTP_BINDING, "@url@");
        Dispatch<Source> dispatch = service.createDispatch(port, Source.class, Service.Mode.PAYLOAD);
        dispatch.getRequestContext().put(BindingProvider.SOAPACTION_USE_PROPERTY, true);
        dispatch.getRequestContext().put(BindingProvider.SOAPACTION_URI_PROPERTY, "@action@");
        sign(((DispatchImpl<Source>) dispatch).getClient());
        StringWriter answer = new StringWriter();
        Source answered = dispatch.invoke(new StreamSource(new StringReader(CONTENT.strip())));
        TransformerFactory.newInstance().newTransformer().transform(answered, new StreamResult(answer));
        System.out.println(answer);
    }

    static void sign(Client client) throws Exception {
        KeyStore mine = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(Path.of("@holder@.p12"))) {
            mine.load(in, "sandbox".toCharArray());
        }
        Merlin me = new Merlin();
        me.setKeyStore(mine);
        KeyStore theirs = KeyStore.getInstance("PKCS12");
        theirs.load(null, null);
        try (InputStream in = Files.newInputStream(Path.of("service.cert.pem"))) {
            theirs.setCertificateEntry("service", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        Merlin service = new Merlin();
        service.setTrustStore(theirs);
        CallbackHandler password = asked -> ((WSPasswordCallback) asked[0]).setPassword("sandbox");
        client.getOutInterceptors().add(new WSS4JOutInterceptor(Map.of(
                "action", "Timestamp Signature", "user", mine.aliases().nextElement(), "passwordCallbackRef", password,
                "signaturePropRefId", "me", "me", me, "signatureKeyIdentifier", "DirectReference",
                "signatureAlgorithm", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                "signatureDigestAlgorithm", "http://www.w3.org/2001/04/xmlenc#sha256",
                "signatureParts", "{Element}{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
                        + "Timestamp;{Element}{http://schemas.xmlsoap.org/soap/envelope/}Body")));
        client.getInInterceptors().add(new WSS4JInInterceptor(Map.of(
                "action", "Timestamp Signature", "signatureVerificationPropRefId", "service", "service", service)));
        client.getInInterceptors().add(new DefaultCryptoCoverageChecker());
    }
}
