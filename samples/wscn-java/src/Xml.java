import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;

import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.SAXException;

/** What is needed of DOM: children by their names, never a search through the document. */
final class Xml {
    private Xml() {
    }

    static Document parse(byte[] octets) throws NotVerifiedException {
        try {
            return factory().newDocumentBuilder().parse(new ByteArrayInputStream(octets));
        } catch (ParserConfigurationException | SAXException | IOException e) {
            throw new NotVerifiedException("no XML that is read: " + e.getMessage());
        }
    }

    static Document empty() {
        try {
            return factory().newDocumentBuilder().newDocument();
        } catch (ParserConfigurationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static DocumentBuilderFactory factory() throws ParserConfigurationException {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory;
    }

    static byte[] write(Document document) {
        try {
            var transformer = TransformerFactory.newInstance().newTransformer();
            transformer.setOutputProperty(OutputKeys.INDENT, "no");
            var octets = new ByteArrayOutputStream();
            transformer.transform(new DOMSource(document), new StreamResult(octets));
            return octets.toByteArray();
        } catch (TransformerException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Add an element and declare its prefix: canonical forms see declarations, which DOM does not make by itself. */
    static Element add(Node parent, String namespace, String name) {
        Document document = parent instanceof Document whole ? whole : parent.getOwnerDocument();
        boolean declared = namespace == null || namespace.equals(parent.lookupNamespaceURI(name.split(":")[0]));
        Element element = (Element) parent.appendChild(document.createElementNS(namespace, name));
        if (!declared) {
            element.setAttributeNS(XMLConstants.XMLNS_ATTRIBUTE_NS_URI, "xmlns:" + element.getPrefix(), namespace);
        }
        return element;
    }

    static Element add(Node parent, String namespace, String name, String text) {
        Element element = add(parent, namespace, name);
        element.setTextContent(text);
        return element;
    }

    static List<Element> children(Node parent) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element) {
                found.add(element);
            }
        }
        return found;
    }

    /** The children of that name; `namespace` is null for elements without one. */
    static List<Element> children(Node parent, String namespace, String name) {
        return children(parent).stream().filter(one -> is(one, namespace, name)).collect(Collectors.toList());
    }

    static Element only(Node parent, String namespace, String name) throws NotVerifiedException {
        List<Element> found = children(parent, namespace, name);
        if (found.size() != 1) {
            throw new NotVerifiedException(found.size() + " elements " + name + " instead of one");
        }
        return found.get(0);
    }

    static Element onlyChild(Node parent) throws NotVerifiedException {
        List<Element> found = children(parent);
        if (found.size() != 1) {
            throw new NotVerifiedException(found.size() + " elements instead of one");
        }
        return found.get(0);
    }

    static boolean is(Element element, String namespace, String name) {
        return name.equals(element.getLocalName()) && Objects.equals(namespace, element.getNamespaceURI());
    }

    /** The text of the first child of that name without namespace; null where there is none. */
    static String text(Element parent, String name) {
        List<Element> found = children(parent, null, name);
        return found.isEmpty() ? null : found.get(0).getTextContent();
    }
}
