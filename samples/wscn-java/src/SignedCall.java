import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;

import javax.xml.XMLConstants;
import javax.xml.crypto.MarshalException;
import javax.xml.crypto.dom.DOMStructure;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignatureMethod;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureException;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;

import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** One signed question and its verified answer, with nothing but the JDK; it knows no contract. */
final class SignedCall {
    static final String SOAP = "http://schemas.xmlsoap.org/soap/envelope/";
    private static final String WSA = "http://www.w3.org/2005/08/addressing";
    private static final String WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-";
    private static final String WSSE = WSS + "wssecurity-secext-1.0.xsd";
    private static final String WSU = WSS + "wssecurity-utility-1.0.xsd";
    private static final String X509V3 = WSS + "x509-token-profile-1.0#X509v3";
    private static final String BASE64 = WSS + "soap-message-security-1.0#Base64Binary";
    private static final XMLSignatureFactory DSIG = XMLSignatureFactory.getInstance("DOM");

    private final URI url;
    private final Holder me;
    private final X509Certificate service;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(20)).build();

    SignedCall(URI url, Holder me, X509Certificate service) {
        this.url = url;
        this.me = me;
        this.service = service;
    }

    /** Sign a request with this one element, send it, and return the one element of its answer, or the Fault. */
    Element call(String action, Element content) throws IOException, InterruptedException {
        // With the signer's name at its end nobody else is answered under this MessageID, which is no secret.
        String messageId = "urn:uuid:" + UUID.randomUUID() + "#" + fingerprint();
        HttpRequest request = HttpRequest.newBuilder(url)
                .timeout(Duration.ofSeconds(60))
                .header("Content-Type", "text/xml; charset=utf-8")
                .header("SOAPAction", '"' + action + '"')
                .POST(HttpRequest.BodyPublishers.ofByteArray(sign(action, messageId, content)))
                .build();
        return verify(http.send(request, HttpResponse.BodyHandlers.ofByteArray()).body(), messageId);
    }

    private String fingerprint() {
        try {
            return HexFormat.of().formatHex(
                    MessageDigest.getInstance("SHA-256").digest(me.certificate().getEncoded()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    // --- the request -----------------------------------------------------------------------------------

    private byte[] sign(String action, String messageId, Element content) {
        try {
            Document document = Xml.empty();
            Element envelope = Xml.add(document, SOAP, "soap:Envelope");
            Element header = Xml.add(envelope, SOAP, "soap:Header");
            Element security = Xml.add(header, WSSE, "wsse:Security");
            security.setAttributeNS(SOAP, "soap:mustUnderstand", "1");
            // WSCN asks for no Timestamp; with it, and with a MessageID, no two requests are alike.
            Element timestamp = Xml.add(security, WSU, "wsu:Timestamp");
            Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
            Xml.add(timestamp, WSU, "wsu:Created", now.toString());
            Xml.add(timestamp, WSU, "wsu:Expires", now.plusSeconds(300).toString());
            String der = Base64.getEncoder().encodeToString(me.certificate().getEncoded());
            Element token = Xml.add(security, WSSE, "wsse:BinarySecurityToken", der);
            token.setAttribute("ValueType", X509V3);
            token.setAttribute("EncodingType", BASE64);
            String tokenId = identify(token);
            Element body = Xml.add(envelope, SOAP, "soap:Body");
            body.appendChild(document.importNode(content, true));

            List<Element> parts = List.of(body, timestamp,
                    Xml.add(header, WSA, "wsa:MessageID", messageId), Xml.add(header, WSA, "wsa:Action", action));
            DOMSignContext context = new DOMSignContext(me.key(), security);
            context.setDefaultNamespacePrefix("ds");
            List<Reference> references = new ArrayList<>();
            for (Element part : parts) {
                String id = identify(part);
                context.setIdAttributeNS(part, WSU, "Id");
                references.add(DSIG.newReference('#' + id, DSIG.newDigestMethod(DigestMethod.SHA256, null),
                        List.of(DSIG.newTransform(CanonicalizationMethod.EXCLUSIVE, (TransformParameterSpec) null)),
                        null, null));
            }
            SignedInfo signedInfo = DSIG.newSignedInfo(
                    DSIG.newCanonicalizationMethod(CanonicalizationMethod.EXCLUSIVE, (C14NMethodParameterSpec) null),
                    DSIG.newSignatureMethod(SignatureMethod.RSA_SHA256, null), references);
            Element tokenReference = Xml.add(Xml.empty(), WSSE, "wsse:SecurityTokenReference");
            Element direct = Xml.add(tokenReference, WSSE, "wsse:Reference");
            direct.setAttribute("URI", '#' + tokenId);
            direct.setAttribute("ValueType", X509V3);
            DSIG.newXMLSignature(signedInfo,
                    DSIG.getKeyInfoFactory().newKeyInfo(List.of(new DOMStructure(tokenReference)))).sign(context);
            return Xml.write(document);
        } catch (GeneralSecurityException | MarshalException | XMLSignatureException e) {
            throw new IllegalStateException("the request cannot be signed", e);
        }
    }

    private static String identify(Element element) {
        String id = element.getLocalName() + '-' + UUID.randomUUID();
        if (!WSU.equals(element.lookupNamespaceURI("wsu"))) {
            element.setAttributeNS(XMLConstants.XMLNS_ATTRIBUTE_NS_URI, "xmlns:wsu", WSU);
        }
        element.setAttributeNS(WSU, "wsu:Id", id);
        return id;
    }

    // --- the answer ------------------------------------------------------------------------------------

    /** What the Body holds: signed by the pinned certificate, fresh, and an answer to that request. */
    private Element verify(byte[] answer, String messageId) throws NotVerifiedException {
        Document document = Xml.parse(answer);
        Element envelope = document.getDocumentElement();
        if (!Xml.is(envelope, SOAP, "Envelope")) {
            throw new NotVerifiedException("this is no envelope");
        }
        Element header = Xml.only(envelope, SOAP, "Header");
        Element body = Xml.only(envelope, SOAP, "Body");
        Element security = Xml.only(header, WSSE, "Security");
        Element timestamp = Xml.only(security, WSU, "Timestamp");
        List<Element> relates = Xml.children(header, WSA, "RelatesTo");
        List<Element> parts = new ArrayList<>(List.of(body, timestamp));
        parts.addAll(relates);
        parts.addAll(Xml.children(header, WSA, "Action"));
        parts.addAll(Xml.children(header, WSA, "MessageID"));
        verifySignature(Xml.only(security, Acuse.DS, "Signature"), parts);
        if (Instant.parse(Xml.only(timestamp, WSU, "Expires").getTextContent()).isBefore(Instant.now())) {
            throw new NotVerifiedException("this answer is old");
        }
        Element found = Xml.onlyChild(body);
        if (relates.size() == 1 && relates.get(0).getTextContent().strip().equals(messageId)) {
            return found;
        }
        if (relates.isEmpty() && Xml.is(found, SOAP, "Fault")) {
            // A refused signature proves no MessageID: this may say why the request was refused, or come from elsewhere.
            throw new NotVerifiedException("a fault that names no request: " + Xml.text(found, "faultstring"));
        }
        throw new NotVerifiedException("this answers another request");
    }

    private void verifySignature(Element element, List<Element> parts) throws NotVerifiedException {
        Document document = element.getOwnerDocument();
        DOMValidateContext context = new DOMValidateContext(service.getPublicKey(), element);
        context.setProperty("org.jcp.xml.dsig.secureValidation", Boolean.TRUE);
        Set<String> expected = new HashSet<>();
        for (Element part : parts) {
            String id = part.getAttributeNS(WSU, "Id");
            if (id.isEmpty() || !expected.add('#' + id)) {
                throw new NotVerifiedException(part.getLocalName() + " has no Id of its own");
            }
            part.setIdAttributeNS(WSU, "Id", true);
        }
        try {
            XMLSignature signature = DSIG.unmarshalXMLSignature(context);
            Set<String> signed = new HashSet<>();
            for (Reference reference : signature.getSignedInfo().getReferences()) {
                signed.add(reference.getURI());
                Acuse.expect(reference.getDigestMethod().getAlgorithm(), DigestMethod.SHA256);
                List<Transform> transforms = reference.getTransforms();
                Acuse.expect(transforms.size() == 1 ? transforms.get(0).getAlgorithm() : "",
                        CanonicalizationMethod.EXCLUSIVE);
            }
            Acuse.expect(signature.getSignedInfo().getCanonicalizationMethod().getAlgorithm(),
                    CanonicalizationMethod.EXCLUSIVE);
            Acuse.expect(signature.getSignedInfo().getSignatureMethod().getAlgorithm(), SignatureMethod.RSA_SHA256);
            // Neither a part without a reference, nor a reference whose part was taken away.
            if (!signed.equals(expected)) {
                throw new NotVerifiedException("signed are " + signed + ", not " + expected);
            }
            // The elements themselves, not whatever else has their Id.
            for (Element part : parts) {
                if (document.getElementById(part.getAttributeNS(WSU, "Id")) != part) {
                    throw new NotVerifiedException(part.getLocalName() + " is not what was signed");
                }
            }
            if (!signature.validate(context)) {
                throw new NotVerifiedException("the signature of this answer is not valid");
            }
        } catch (MarshalException | XMLSignatureException e) {
            throw new NotVerifiedException("the signature of this answer cannot be read: " + e.getMessage());
        }
    }
}
