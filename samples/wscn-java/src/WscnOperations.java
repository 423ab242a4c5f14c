import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Calls every operation of the Social Security's contract: accepts one notification and rejects another; prints a line of JSON
 * for each call. Both have a legal effect: run it against a sandbox.
 *
 * <p>Arguments: the address of either environment, company.p12, stranger.p12, the file with their passphrase, the service's
 * certificate. The stranger is somebody to whom nothing was ever notified, who gets a system fault.
 */
public final class WscnOperations {
    private WscnOperations() {
    }

    public static void main(String[] arguments) throws Exception {
        try {
            run(arguments);
        } catch (IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    /** The same, for whoever calls it from a program. */
    public static void run(String[] arguments) throws Exception {
        URI url = URI.create(arguments[0]);
        char[] passphrase = Files.readString(Path.of(arguments[3])).strip().toCharArray();
        Path service = Path.of(arguments[4]);
        System.out.printf("{\"versions\": \"Java %s\"}%n", Runtime.version().feature());
        Holder me = Holder.open(Path.of(arguments[1]), passphrase);
        WscnClient company = new WscnClient(url, me, service);

        List<WscnClient.Grantor> grantors = company.grantors();
        show("solicitarPoderdantes", grantors.stream().allMatch(one -> one.identifier() != null));
        List<WscnClient.Row> waiting =
                company.list(WscnClient.OWN, null).stream().filter(row -> row.state() == 0).toList();
        show("consultarListadoNotificaciones", waiting.size() >= 2 && waiting.get(0).role() == WscnClient.OWN);
        if (waiting.size() < 2) {
            throw new IllegalStateException("fewer than two available notifications are left: take a fresh sandbox");
        }
        int first = waiting.get(0).code();
        int second = waiting.get(1).code();

        byte[] acuse = company.acuse(first, true, WscnClient.OWN, null);
        show("solicitarAcuseNotificacion", new String(acuse, StandardCharsets.UTF_8)
                .contains("<COD_NOTIFICACION>" + first + "</COD_NOTIFICACION>"));
        var accepted = company.send(Acuse.sign(acuse, first, true, me), WscnClient.OWN, null);
        var rejected = company.decide(second, false, WscnClient.OWN, null);
        show("enviarAcuseNotificacion", new String(accepted.pdf(), StandardCharsets.ISO_8859_1).startsWith("%PDF")
                && rejected.pdf() == null);
        var seen = company.view(first, WscnClient.OWN, null);
        show("verNotificacionAceptada", Arrays.equals(seen.pdf(), accepted.pdf()));
        System.out.printf("{\"accepted\": %d, \"selladoTiempo\": \"%s\"}%n", first, accepted.sealed());
        System.out.printf("{\"rejected\": %d, \"selladoTiempo\": \"%s\"}%n", second, rejected.sealed());

        fails("an error", 27, false, () -> company.view(second, WscnClient.OWN, null));
        WscnClient stranger = new WscnClient(url, Holder.open(Path.of(arguments[2]), passphrase), service);
        fails("a fault", 102, true, stranger::grantors);
    }

    private interface Call {
        Object call() throws Exception;
    }

    private static void fails(String name, int number, boolean isFault, Call call) throws Exception {
        try {
            call.call();
            show(name, false);
        } catch (WscnClient.WscnException e) {
            show(name, e.number == number && e.isFault == isFault);
        }
    }

    /** An answer that is not verified throws: what comes back was verified. */
    private static void show(String operation, boolean ok) {
        System.out.printf("{\"operation\": \"%s\", \"ok\": %b, \"verified\": true}%n", operation, ok);
    }
}
