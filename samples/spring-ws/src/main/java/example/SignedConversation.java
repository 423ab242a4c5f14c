package example;

import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

import javax.xml.namespace.QName;

import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.WSDataRef;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.WSHandlerConstants;
import org.apache.wss4j.dom.handler.WSHandlerResult;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

import org.springframework.ws.context.MessageContext;
import org.springframework.ws.soap.SoapMessage;
import org.springframework.ws.soap.security.WsSecurityValidationException;
import org.springframework.ws.soap.security.wss4j2.Wss4jSecurityInterceptor;
import org.springframework.ws.soap.security.wss4j2.Wss4jSecurityValidationException;

/**
 * Signs every request and verifies every answer, as Spring's own interceptor does not.
 *
 * <p>{@link Wss4jSecurityInterceptor} hands faults over without a look at their signature; it asks whether something is
 * signed, not whether it is the Body; it admits every certificate that its trust store vouches for; and it does not
 * compare RelatesTo with the MessageID.
 */
public final class SignedConversation extends Wss4jSecurityInterceptor {
    private static final String RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    private static final String SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    private static final String WSA = "http://www.w3.org/2005/08/addressing";
    private static final String SOAP = WSConstants.URI_SOAP11_ENV;
    private static final QName HEADER = new QName(SOAP, "Header");
    private static final QName BODY = new QName(SOAP, "Body");
    private static final QName MESSAGE_ID = new QName(WSA, "MessageID");
    private static final QName RELATES_TO = new QName(WSA, "RelatesTo");

    private final X509Certificate service;
    private int verified;

    /** Takes your key, the name and password under which it is found, and the one certificate that signs answers. */
    public SignedConversation(Merlin key, String alias, String password, X509Certificate service) throws Exception {
        this.service = service;
        setSecurementActions("Timestamp Signature");
        setSecurementUsername(alias);
        setSecurementPassword(password);
        setSecurementSignatureCrypto(key);
        setSecurementSignatureKeyIdentifier("DirectReference");
        setSecurementSignatureAlgorithm(RSA_SHA256);
        setSecurementSignatureDigestAlgorithm(SHA256);
        setSecurementSignatureParts("{}{%s}Body;{}{%s}Timestamp;{}{%s}To;{}{%s}Action;{}{%s}MessageID"
                .formatted(SOAP, WSConstants.WSU_NS, WSA, WSA, WSA));

        KeyStore admitted = KeyStore.getInstance("PKCS12");
        admitted.load(null, null);
        admitted.setCertificateEntry("service", service);
        Merlin trusted = new Merlin();
        trusted.setTrustStore(admitted);
        setValidationActions("Timestamp Signature");
        setValidationSignatureCrypto(trusted);
    }

    /** How many answers, faults included, were proven to be the service's and to answer their request. */
    public int verifiedAnswers() {
        return verified;
    }

    /** A fault is an answer like any other; without this it is believed as it comes. */
    @Override
    public boolean handleFault(MessageContext context) {
        return handleResponse(context);
    }

    /** By default an answer that is not valid becomes a fault of its own; here it ends the call. */
    @Override
    protected boolean handleValidationException(WsSecurityValidationException problem, MessageContext context) {
        throw problem;
    }

    @Override
    protected void validateMessage(SoapMessage message, MessageContext context) {
        super.validateMessage(message, context);
        List<Element> signed = new ArrayList<>();
        for (WSSecurityEngineResult one : signatures(context)) {
            if (service.equals(one.get(WSSecurityEngineResult.TAG_X509_CERTIFICATE))) {
                for (Object part : (List<?>) one.get(WSSecurityEngineResult.TAG_DATA_REF_URIS)) {
                    signed.add(((WSDataRef) part).getProtectedElement());
                }
            }
        }
        if (signed.isEmpty()) {
            throw new Wss4jSecurityValidationException("this answer is not signed by the service");
        }
        Element envelope = signed.get(0).getOwnerDocument().getDocumentElement();
        if (!signed.contains(only(envelope, BODY))) {
            throw new Wss4jSecurityValidationException("the Body is not signed");
        }
        List<Element> related = all(only(envelope, HEADER), RELATES_TO);
        if (related.isEmpty() && message.getSoapBody().hasFault()) {
            // Signed by the service before it could believe our MessageID: it says why we are refused, and proves nothing.
            throw new Wss4jSecurityValidationException("refused, not proven to be about this request: "
                    + message.getSoapBody().getFault().getFaultStringOrReason());
        }
        if (related.size() != 1 || !signed.containsAll(related)
                || !related.get(0).getTextContent().equals(asked(context))) {
            throw new Wss4jSecurityValidationException("this does not answer our request");
        }
        verified++;
    }

    private static List<WSSecurityEngineResult> signatures(MessageContext context) {
        List<?> all = (List<?>) context.getProperty(WSHandlerConstants.RECV_RESULTS);
        return ((WSHandlerResult) all.get(0)).getResults().stream()
                .filter(one -> Integer.valueOf(WSConstants.SIGN).equals(one.get(WSSecurityEngineResult.TAG_ACTION)))
                .toList();
    }

    private static String asked(MessageContext context) {
        Element envelope = ((SoapMessage) context.getRequest()).getDocument().getDocumentElement();
        return only(only(envelope, HEADER), MESSAGE_ID).getTextContent();
    }

    private static Element only(Element parent, QName name) {
        List<Element> found = all(parent, name);
        if (found.size() != 1) {
            throw new Wss4jSecurityValidationException("there is not one " + name.getLocalPart());
        }
        return found.get(0);
    }

    private static List<Element> all(Element parent, QName name) {
        List<Element> found = new ArrayList<>();
        for (Node one = parent.getFirstChild(); one != null; one = one.getNextSibling()) {
            if (name.getLocalPart().equals(one.getLocalName()) && name.getNamespaceURI().equals(one.getNamespaceURI())) {
                found.add((Element) one);
            }
        }
        return found;
    }
}
