import example.GatewayClient;
import java.nio.file.Files;
import java.nio.file.Path;
import notigateway.v1.Ping;

/** Asks the same as often as it is told, as fast as it can, with a sample's client by the policy; prints how many were answered. */
public final class Pings {

    public static void main(String[] arguments) throws Exception {
        String passphrase = Files.readString(Path.of(arguments[2])).strip();
        GatewayClient client =
                GatewayClient.open("policy", arguments[0], Path.of(arguments[1]), passphrase, Path.of(arguments[3]));
        int answered = 0;
        for (int i = 0; i < Integer.parseInt(arguments[4]); i++) {
            try {
                client.port().ping(new Ping());
                answered++;
            } catch (Exception refused) {
                System.err.println(refused);
            }
        }
        System.out.println(answered);
        System.exit(0);
    }
}
