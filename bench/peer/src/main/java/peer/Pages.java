package peer;

import java.util.GregorianCalendar;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.datatype.XMLGregorianCalendar;
import notigateway.v1.IssuingBody;
import notigateway.v1.Kind;
import notigateway.v1.ListNotificationsResponse;
import notigateway.v1.Notification;
import notigateway.v1.Party;
import notigateway.v1.Role;
import notigateway.v1.State;

/** A mailbox in memory, as large as the largest page: rows like those of the gateway that is measured beside it. */
final class Pages {

    private static final int ROWS = 1_000;

    private final DatatypeFactory types;
    private final XMLGregorianCalendar now;
    private final List<Notification> rows;

    Pages() throws Exception {
        types = DatatypeFactory.newInstance();
        GregorianCalendar calendar = new GregorianCalendar(java.util.TimeZone.getTimeZone("UTC"));
        now = types.newXMLGregorianCalendar(calendar);
        rows = IntStream.rangeClosed(1, ROWS).mapToObj(this::row).toList();
    }

    ListNotificationsResponse page(Integer asked) {
        int size = asked == null ? 100 : asked;
        ListNotificationsResponse answer = new ListNotificationsResponse();
        answer.setAsOf(now);
        answer.setHasMore(true);
        answer.setNextCursor("H8oXFE-2lBEftDftAAAAAAAAAAE=");
        answer.getNotification().addAll(rows.subList(0, Math.min(size, ROWS)));
        return answer;
    }

    private Notification row(int number) {
        IssuingBody body = new IssuingBody();
        body.setIssuerId("E04990201");
        body.setAcronym("TGSS");
        body.setName("Tesorería General de la Seguridad Social");
        Party addressee = new Party();
        addressee.setIdentifier("B99999997");
        addressee.setName("Ejemplo de Nóminas, S.L. (ficticia)");
        Notification row = new Notification();
        row.setCode(number);
        row.setId(UUID.randomUUID().toString());
        row.setKind(Kind.NOTIFICATION);
        row.setSubject("Reclamación de deuda número " + number + ", periodo 01/2026 a 06/2026");
        row.setIssuingBody(body);
        row.setProcedure("RECAUD");
        row.setMatter("Recaudación");
        row.setAddressee(addressee);
        row.setRole(Role.OWN);
        row.setState(State.AVAILABLE);
        row.setAvailableAt(now);
        row.setDeadline(now);
        row.setTimeLeft(types.newDuration("P9DT23H59M"));
        row.setDocumentCount(2);
        row.getDocumentSize().add(23L);
        row.getDocumentSize().add(18L);
        return row;
    }
}
