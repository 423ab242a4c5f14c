import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.w3c.dom.Element;

/**
 * A client of the Social Security's own contract (WSCN) with nothing but the JDK: lists, signs receipts (acuses), fetches.
 *
 * <p>Every request is signed; an answer is believed if exactly the pinned certificate signed it and it names the request.
 * Copy this folder. `role` is {@link #OWN}, {@link #RED} or {@link #ATTORNEY}; `grantor` a NIF or null.
 */
public final class WscnClient {
    public static final int ALL = 0;
    public static final int OWN = 1;
    public static final int RED = 2;
    public static final int ATTORNEY = 3;

    private static final List<String> BUCKETS = List.of("Propias", "AutorizadoRED", "Apoderado");
    private static final List<String> CURSORS = List.of("Propia", "AutorizadoRED", "Apoderado");
    private static final Map<String, String> NAMESPACES = Map.of(
            "/INFRWSCN/WSCNService", "http://ws.wscn.infra.gi.org/",
            "/INFRWSCN_Pruebas/WSCNPruebasService", "http://ws.pruebas.wscn.infra.gi.org/");

    private final SignedCall call;
    private final Holder me;
    private final String namespace;

    /** A row of the list: dates are `dd-MM-yyyy HH:mm:ss`, Madrid. */
    public record Row(int code, int role, int state, String addressee, String procedure, String availableUntil) {
    }

    /** What a decision or a view gives: the PDF, null for a rejection, and the gateway's stamp of it. */
    public record Retrieved(int code, byte[] pdf, String sealed) {
    }

    /** Somebody for whom you may act. */
    public record Grantor(String identifier, String name) {
    }

    /** A number other than 0 in an answer, or a system fault: then `isFault`. */
    public static final class WscnException extends Exception {
        private static final long serialVersionUID = 1;
        public final int number;
        public final boolean isFault;

        WscnException(Element error, boolean isFault) {
            super(Xml.text(error, "codigo") + ": " + Xml.text(error, "descripcion")
                    + " (request " + Xml.text(error, "identificadorPeticion") + ")");
            this.number = Integer.parseInt(Xml.text(error, "codigo"));
            this.isFault = isFault;
        }
    }

    /** `url` is the address of either environment; `service` the file of the certificate that signs the answers. */
    public WscnClient(URI url, Holder me, Path service) throws GeneralSecurityException, IOException {
        try (var stream = Files.newInputStream(service)) {
            var pinned = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(stream);
            this.call = new SignedCall(url, me, pinned);
        }
        this.me = me;
        this.namespace = NAMESPACES.get(url.getPath());
        if (namespace == null) {
            throw new IllegalArgumentException(url + " is not the address of an environment");
        }
    }

    public List<Grantor> grantors() throws IOException, InterruptedException, WscnException {
        Element found = ask("solicitarPoderdantes", Map.of());
        List<Grantor> grantors = new ArrayList<>();
        for (Element one : Xml.children(found, null, "poderdantes")) {
            grantors.add(new Grantor(Xml.text(one, "identificador"), Xml.text(one, "denominacion")));
        }
        return grantors;
    }

    /** Every row of one bucket or of all. No legal effect. */
    public List<Row> list(int role, String grantor) throws IOException, InterruptedException, WscnException {
        Map<Integer, Row> rows = new LinkedHashMap<>();
        Map<String, Object> places = new LinkedHashMap<>();
        CURSORS.forEach(name -> places.put("codigoSiguienteNotificacion" + name, -1));
        while (true) {
            Map<String, Object> asked = asked(role, grantor);
            asked.putAll(places);
            Element page = ask("consultarListadoNotificaciones", asked);
            for (int bucket = 0; bucket < BUCKETS.size(); bucket++) {
                // A page begins with the notification that the page before ended with: its code is the key.
                for (Element one : Xml.children(page, null, "notificaciones" + BUCKETS.get(bucket))) {
                    int code = Integer.parseInt(Xml.text(one, "codigo"));
                    rows.put(code, new Row(code, bucket + 1, Integer.parseInt(Xml.text(one, "estado")),
                            Xml.text(one, "destinatario"), Xml.text(one, "procedimiento"),
                            Xml.text(one, "fechaFinDisponibilidad")));
                }
            }
            if (!"true".equals(Xml.text(page, "hayMas"))) {
                return List.copyOf(rows.values());
            }
            Map<String, Object> before = Map.copyOf(places);
            places.replaceAll((name, place) -> Integer.valueOf(Xml.text(page, name)));
            if (places.equals(before)) {
                throw new NotVerifiedException("the page does not lead to the next one");
            }
        }
    }

    /** Ask for the receipt, sign it, send it back: this has legal effect. */
    public Retrieved decide(int code, boolean accepts, int role, String grantor)
            throws IOException, InterruptedException, WscnException {
        return send(Acuse.sign(acuse(code, accepts, role, grantor), code, accepts, me), role, grantor);
    }

    /** The receipt to be signed; asking for it decides nothing. */
    public byte[] acuse(int code, boolean accepts, int role, String grantor)
            throws IOException, InterruptedException, WscnException {
        Map<String, Object> asked = asked(role, grantor);
        asked.put("codigoNotificacion", code);
        asked.put("esDeAceptacion", accepts);
        return Base64.getMimeDecoder().decode(Xml.text(ask("solicitarAcuseNotificacion", asked), "XML"));
    }

    /** Send a signed receipt: this has legal effect. */
    public Retrieved send(byte[] signed, int role, String grantor)
            throws IOException, InterruptedException, WscnException {
        Map<String, Object> asked = asked(role, grantor);
        asked.put("xmlAcuseFirmado", Base64.getEncoder().encodeToString(signed));
        return retrieved(ask("enviarAcuseNotificacion", asked));
    }

    /** What was accepted, again. */
    public Retrieved view(int code, int role, String grantor) throws IOException, InterruptedException, WscnException {
        Map<String, Object> asked = asked(role, grantor);
        asked.put("codigoNotificacion", code);
        return retrieved(ask("verNotificacionAceptada", asked));
    }

    private static Retrieved retrieved(Element found) {
        String pdf = Xml.text(found, "pdfNotificacion");
        return new Retrieved(Integer.parseInt(Xml.text(found, "codigoNotificacion")),
                pdf == null ? null : Base64.getMimeDecoder().decode(pdf), Xml.text(found, "selladoTiempo"));
    }

    private static Map<String, Object> asked(int role, String grantor) {
        Map<String, Object> asked = new LinkedHashMap<>();
        asked.put("rol", role);
        if (grantor != null) {
            asked.put("identificadorPoderdante", grantor);
        }
        return asked;
    }

    /** Ask, and return the one child of the answer; children have no namespace in this contract. */
    private Element ask(String operation, Map<String, Object> values)
            throws IOException, InterruptedException, WscnException {
        Element content = Xml.add(Xml.empty(), namespace, "ws:" + operation);
        values.forEach((name, value) -> Xml.add(content, null, name, value.toString()));
        Element answer = call.call("urn:" + operation, content);
        if (Xml.is(answer, SignedCall.SOAP, "Fault")) {
            Element detail = Xml.only(answer, null, "detail");
            throw new WscnException(Xml.only(Xml.onlyChild(detail), null, "error"), true);
        }
        List<Element> inside = Xml.children(answer);
        if (!Xml.is(answer, namespace, operation + "Response") || inside.size() != 1) {
            throw new NotVerifiedException("this is no answer to " + operation);
        }
        List<Element> errors = Xml.children(inside.get(0), null, "error");
        if (!errors.isEmpty() && !"0".equals(Xml.text(errors.get(0), "codigo"))) {
            throw new WscnException(errors.get(0), false);
        }
        return inside.get(0);
    }
}
