package example;

import java.nio.file.Files;
import java.nio.file.Path;

import org.apache.axis2.AxisFault;

/** Pings, lists and reads a fault; prints a line of JSON for each. */
public final class FirstCalls {
    private static final String UNKNOWN = "00000000-0000-4000-8000-000000000000";

    private FirstCalls() {
    }

    /** Calls and leaves: Axis2's threads may linger. */
    public static void main(String[] arguments) throws Exception {
        run(arguments);
        System.exit(0);
    }

    /** Arguments: URL, your.p12, passphrase file, service certificate. */
    public static void run(String[] arguments) throws Exception {
        String passphrase = Files.readString(Path.of(arguments[2])).strip();
        GatewayClient client =
                GatewayClient.open(arguments[0], Path.of(arguments[1]), passphrase, Path.of(arguments[3]));
        System.out.printf("{\"versions\": \"Axis2 1.7.6, Rampart 1.7.1, Java %s\"}%n", Runtime.version().feature());
        show("Ping", client.call("Ping", "").contains("<known>true</known>"));
        String list = client.call("ListNotifications",
                "<n:filter><n:state>available</n:state></n:filter><n:pageSize>2</n:pageSize>");
        show("ListNotifications", list.split("<state>available</state>").length == 3);
        try {
            client.call("RetrieveDocument",
                    "<n:id>" + UNKNOWN + "</n:id><n:documentId>" + UNKNOWN + "</n:documentId>");
            show("a fault", false);
        } catch (AxisFault fault) {
            show("a fault", fault.getMessage().contains("NOTIFICATION_UNKNOWN"));
        }
    }

    /** What is not verified is an exception, and never shown. */
    private static void show(String operation, boolean ok) {
        System.out.printf("{\"operation\": \"%s\", \"ok\": %b, \"verified\": true}%n", operation, ok);
    }
}
