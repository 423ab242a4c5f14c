import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

import javax.xml.crypto.MarshalException;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignatureMethod;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureException;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;

import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** Signs the receipt (acuse): the data and the signer's own KeyInfo, in the inclusive canonical form. */
final class Acuse {
    static final String DS = XMLSignature.XMLNS;
    private static final XMLSignatureFactory DSIG = XMLSignatureFactory.getInstance("DOM");

    private Acuse() {
    }

    static void expect(String found, String wanted) throws NotVerifiedException {
        if (!wanted.equals(found)) {
            throw new NotVerifiedException("not " + wanted + " but " + found);
        }
    }

    /** Add a signature to a receipt of exactly this notification and this decision; nothing else is signed. */
    static byte[] sign(byte[] acuse, int code, boolean accepts, Holder me) throws NotVerifiedException {
        Document document = Xml.parse(acuse);
        Element root = document.getDocumentElement();
        Element data = Xml.only(root, null, "ProsaSignatureData");
        Element said = Xml.only(data, null, "ACUSE_FIRMA");
        expect(root.getTagName(), "ProsaSignature");
        expect(data.getAttribute("Id"), "ProsaData");
        expect(Xml.only(said, null, "COD_NOTIFICACION").getTextContent(), Integer.toString(code));
        expect(Xml.only(said, null, "TIPO_ACUSE").getTextContent(), accepts ? "ACEPTACION" : "RECHAZO");
        try {
            String keyInfoId = "KeyInfo-" + UUID.randomUUID();
            List<Reference> references = new ArrayList<>();
            for (String id : List.of("ProsaData", keyInfoId)) {
                references.add(DSIG.newReference('#' + id, DSIG.newDigestMethod(DigestMethod.SHA256, null),
                        List.of(DSIG.newTransform(CanonicalizationMethod.INCLUSIVE, (TransformParameterSpec) null)),
                        null, null));
            }
            SignedInfo signedInfo = DSIG.newSignedInfo(
                    DSIG.newCanonicalizationMethod(CanonicalizationMethod.INCLUSIVE, (C14NMethodParameterSpec) null),
                    DSIG.newSignatureMethod(SignatureMethod.RSA_SHA256, null), references);
            KeyInfoFactory keys = DSIG.getKeyInfoFactory();
            KeyInfo keyInfo = keys.newKeyInfo(List.of(keys.newX509Data(List.of(me.certificate()))), keyInfoId);
            DOMSignContext context = new DOMSignContext(me.key(), root);
            context.setDefaultNamespacePrefix("ds");
            context.setIdAttributeNS(data, null, "Id");
            DSIG.newXMLSignature(signedInfo, keyInfo).sign(context);
            return Xml.write(document);
        } catch (GeneralSecurityException | MarshalException | XMLSignatureException e) {
            throw new IllegalStateException("the receipt cannot be signed", e);
        }
    }
}
