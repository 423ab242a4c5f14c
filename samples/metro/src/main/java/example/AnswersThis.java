package example;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.UUID;

import javax.xml.namespace.QName;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMResult;

import org.w3c.dom.Document;

import jakarta.xml.ws.WebServiceException;
import jakarta.xml.ws.handler.MessageContext;

import com.sun.xml.ws.api.addressing.AddressingVersion;
import com.sun.xml.ws.api.handler.MessageHandler;
import com.sun.xml.ws.api.handler.MessageHandlerContext;
import com.sun.xml.ws.api.message.Header;
import com.sun.xml.ws.api.message.Headers;

/**
 * Names each request and refuses an answer, or a fault, that was made for another one.
 *
 * <p>The name is a MessageID that also says whose request it is: the gateway answers nobody else under it. Metro has
 * verified an answer by the policy when this runs, that its RelatesTo is signed too; what it does not do is compare.
 * A handler of Metro's own kind, since with a SOAPHandler that reads the message a fault becomes an empty answer.
 */
final class AnswersThis implements MessageHandler<MessageHandlerContext> {
    private static final AddressingVersion ADDRESSING = AddressingVersion.W3C;
    private static final String ASKED = "example.message-id";

    private final String signer;
    private int count;

    /** Takes the certificate that signs the requests. */
    AnswersThis(Certificate mine) throws GeneralSecurityException {
        signer = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(mine.getEncoded()));
    }

    int count() {
        return count;
    }

    @Override
    public boolean handleMessage(MessageHandlerContext context) {
        if (Boolean.TRUE.equals(context.get(MessageContext.MESSAGE_OUTBOUND_PROPERTY))) {
            String name = "urn:uuid:" + UUID.randomUUID() + "#" + signer;
            context.getMessage().getHeaders().addOrReplace(Headers.create(ADDRESSING.messageIDTag, name));
            context.put(ASKED, name);
            return true;
        }
        List<String> related = texts(context, ADDRESSING.relatesToTag);
        if (related.isEmpty() && context.getMessage().isFault()) {
            // Signed by the service before it could believe our MessageID: it says why we are refused, and proves nothing.
            throw new WebServiceException("refused, not proven to be about this request: " + reason(context));
        }
        if (related.size() != 1 || !related.get(0).equals(context.get(ASKED))) {
            throw new WebServiceException("this does not answer our request");
        }
        count++;
        return true;
    }

    @Override
    public boolean handleFault(MessageHandlerContext context) {
        return handleMessage(context);
    }

    @Override
    public void close(MessageContext context) {
        // Nothing is held.
    }

    @Override
    public Set<QName> getHeaders() {
        return Set.of();
    }

    private static String reason(MessageHandlerContext context) {
        try {
            // The message is thrown away: Metro cannot copy one that it has verified.
            DOMResult fault = new DOMResult();
            Transformer plain = TransformerFactory.newInstance().newTransformer();
            plain.transform(context.getMessage().readPayloadAsSource(), fault);
            return ((Document) fault.getNode()).getElementsByTagName("faultstring").item(0).getTextContent();
        } catch (TransformerException unreadable) {
            throw new WebServiceException(unreadable);
        }
    }

    private static List<String> texts(MessageHandlerContext context, QName name) {
        List<String> found = new ArrayList<>();
        for (Iterator<Header> all = context.getMessage().getHeaders().getHeaders(name, false); all.hasNext();) {
            found.add(all.next().getStringContent());
        }
        return found;
    }
}
