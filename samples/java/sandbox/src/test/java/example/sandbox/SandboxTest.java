package example.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import example.GatewayClient;
import notigateway.v1.GatewayFaultMessage;
import notigateway.v1.ListNotifications;
import notigateway.v1.NotificationReceipts;
import notigateway.v1.Notigateway;
import notigateway.v1.Ping;
import notigateway.v1.Receipt;
import notigateway.v1.RetrieveReceipts;
import notigateway.v1.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Ten days in an instant, as the client of the folder above sees them. */
@ExtendWith(SandboxExtension.class)
class SandboxTest {
    @Test
    void whatNobodyOpensLapses(World world) throws Exception {
        Notigateway company = company(world);
        Notification published = world.publish(Map.of("addressee", "company", "subject", "Providencia de apremio"));
        world.clock().advance(Duration.ofDays(10));
        assertEquals(List.of(State.AVAILABLE), states(company));
        world.clock().toAfterDeadline(published.id());
        assertEquals(List.of(State.LAPSED), states(company));
        assertEquals(List.of(State.AVAILABLE, State.LAPSED), receipts(company, published.id()));
    }

    @Test
    void aFaultThatIsAskedForIsInTheJournal(World world) throws Exception {
        Notigateway company = company(world);
        world.fault("fault", Map.of("code", "TEMPORARILY_UNAVAILABLE", "operation", "Ping", "nth", 1));
        world.journal().expect("Ping", 2);
        world.journal().expectNever("AcceptNotifications");
        assertThrows(GatewayFaultMessage.class, () -> company.ping(new Ping()));
        company.ping(new Ping());
        List<String> codes = world.journal().search(Map.of("operation", "Ping")).stream().map(Journal.Entry::code).toList();
        assertEquals(List.of("TEMPORARILY_UNAVAILABLE", "OK"), codes);
        assertEquals(List.of(), receipts(company, "46d8a5ba-7e9f-4a7c-9f5a-1d1c2b3a4f5e"));
        Journal.Entry asked = world.journal().search(Map.of("operation", "RetrieveReceipts")).get(0);
        assertEquals(Map.of("NOTIFICATION_UNKNOWN", 1), asked.refusedItems());
    }

    private static Notigateway company(World world) throws Exception {
        return GatewayClient.open("direct", world.url(), world.p12("company"), world.passphrase(), world.serviceCertificate())
                .port();
    }

    private static List<State> states(Notigateway client) throws Exception {
        return client.listNotifications(new ListNotifications()).getNotification().stream()
                .map(notigateway.v1.Notification::getState).toList();
    }

    private static List<State> receipts(Notigateway client, String id) throws Exception {
        RetrieveReceipts wanted = new RetrieveReceipts();
        wanted.getId().add(id);
        NotificationReceipts item = client.retrieveReceipts(wanted).getItem().get(0);
        return item.getReceipt().stream().map(Receipt::getState).toList();
    }
}
