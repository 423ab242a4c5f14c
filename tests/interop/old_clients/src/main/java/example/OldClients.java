package example;

import java.math.BigInteger;
import java.util.concurrent.Callable;

import org.apache.axis2.Constants;
import org.apache.axis2.kernel.http.HTTPConstants;
import org.apache.cxf.jaxws.JaxWsProxyFactoryBean;

import example.axis2.NotigatewayServiceStub;
import notigateway.v1.Notigateway;

/**
 * What clients that were generated from contract 1.0 make of today's service: list, changes, accept, retrieve,
 * receipts, by CXF (JAXB) and by Axis2 (ADB). Each call prints a line: who, which call, and what was read or
 * which exception came instead.
 *
 * <p>Arguments: an address that hands requests on as they are, one that asks for contract 1.1 in their name, and
 * the identifier of a notification for either client.
 */
public final class OldClients {
    private OldClients() {
    }

    public static void main(String[] arguments) throws Exception {
        cxf("cxf", proxy(arguments[0]), arguments[2]);
        axis2("axis2", stub(arguments[0]), arguments[3]);
        cxf("cxf-1.1", proxy(arguments[1]), arguments[2]);
        axis2("axis2-1.1", stub(arguments[1]), arguments[3]);
        System.exit(0);
    }

    private static Notigateway proxy(String url) {
        JaxWsProxyFactoryBean factory = new JaxWsProxyFactoryBean();
        factory.setAddress(url);
        return factory.create(Notigateway.class);
    }

    private static void cxf(String who, Notigateway port, String id) {
        say(who, "ListNotifications", () -> {
            notigateway.v1.ListNotifications asked = new notigateway.v1.ListNotifications();
            asked.setPageSize(10);
            return port.listNotifications(asked).getNotification().size();
        });
        say(who, "ListChanges", () -> {
            return port.listChanges(new notigateway.v1.ListChanges()).getChange().size();
        });
        say(who, "AcceptNotifications", () -> {
            notigateway.v1.AcceptNotifications asked = new notigateway.v1.AcceptNotifications();
            asked.getId().add(id);
            return port.acceptNotifications(asked).getItem().get(0).getDecision().getState().value();
        });
        say(who, "RetrieveNotifications", () -> {
            notigateway.v1.RetrieveNotifications asked = new notigateway.v1.RetrieveNotifications();
            asked.getId().add(id);
            return port.retrieveNotifications(asked).getItem().get(0).getDocument().get(0).getName();
        });
        say(who, "RetrieveReceipts", () -> {
            notigateway.v1.RetrieveReceipts asked = new notigateway.v1.RetrieveReceipts();
            asked.getId().add(id);
            return port.retrieveReceipts(asked).getItem().get(0).getReceipt().get(1).getState().value();
        });
    }

    private static NotigatewayServiceStub stub(String url) throws Exception {
        NotigatewayServiceStub stub = new NotigatewayServiceStub(url);
        stub._getServiceClient().getOptions().setProperty(HTTPConstants.CHUNKED, Constants.VALUE_FALSE);
        return stub;
    }

    private static void axis2(String who, NotigatewayServiceStub stub, String id) {
        say(who, "ListNotifications", () -> {
            v1.notigateway.ListNotifications asked = new v1.notigateway.ListNotifications();
            v1.notigateway.PageSize size = new v1.notigateway.PageSize();
            size.setPageSize(BigInteger.TEN);
            asked.setPageSize(size);
            return stub.listNotifications(asked).getNotification().length;
        });
        say(who, "ListChanges", () -> stub.listChanges(new v1.notigateway.ListChanges()).getChange().length);
        say(who, "AcceptNotifications", () -> {
            v1.notigateway.AcceptNotifications asked = new v1.notigateway.AcceptNotifications();
            asked.addId(uuid(id));
            return stub.acceptNotifications(asked).getItem()[0].getDecision().getState().getValue();
        });
        say(who, "RetrieveNotifications", () -> {
            v1.notigateway.RetrieveNotifications asked = new v1.notigateway.RetrieveNotifications();
            asked.addId(uuid(id));
            return stub.retrieveNotifications(asked).getItem()[0].getDocument()[0].getName();
        });
        say(who, "RetrieveReceipts", () -> {
            v1.notigateway.RetrieveReceipts asked = new v1.notigateway.RetrieveReceipts();
            asked.addId(uuid(id));
            return stub.retrieveReceipts(asked).getItem()[0].getReceipt()[1].getState().getValue();
        });
    }

    private static v1.notigateway.Uuid uuid(String id) {
        v1.notigateway.Uuid uuid = new v1.notigateway.Uuid();
        uuid.setUuid(id);
        return uuid;
    }

    private static void say(String who, String operation, Callable<Object> call) {
        String said;
        try {
            said = "read " + call.call();
        } catch (Exception error) {
            Throwable cause = error;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            said = "failed " + cause.toString().lines().findFirst().orElse("");
        }
        System.out.println(who + " " + operation + " " + said);
    }
}
