package example;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;

import javax.xml.datatype.DatatypeFactory;
import javax.xml.datatype.XMLGregorianCalendar;

import notigateway.v1.*;

/**
 * Calls every operation of the contract and one that fails; prints a line of JSON for each.
 *
 * <p>Accepting and rejecting have a legal effect: run it against a sandbox.
 */
public final class EveryOperation {
    private final GatewayClient client;
    private final GatewayClient attorney;

    private EveryOperation(GatewayClient client, GatewayClient attorney) {
        this.client = client;
        this.attorney = attorney;
    }

    /** Calls everything and leaves: a client's threads may linger. */
    public static void main(String[] arguments) throws Exception {
        try {
            run(arguments);
        } catch (IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
        System.exit(0);
    }

    /** Arguments: mode (of {@link GatewayClient#open}), URL, company.p12 (its representative's), attorney.p12, passphrase file, service certificate. */
    public static void run(String[] arguments) throws Exception {
        String mode = arguments[0];
        String url = arguments[1];
        String passphrase = Files.readString(Path.of(arguments[4])).strip();
        Path service = Path.of(arguments[5]);
        System.out.printf("{\"versions\": \"%s, Java %s\"}%n", GatewayClient.versions(), Runtime.version().feature());
        GatewayClient company = GatewayClient.open(mode, url, Path.of(arguments[2]), passphrase, service);
        GatewayClient attorney = GatewayClient.open(mode, url, Path.of(arguments[3]), passphrase, service);
        new EveryOperation(company, attorney).callAll();
    }

    private void callAll() throws Exception {
        Notigateway gateway = client.port();
        PingResponse me = call(client, "Ping", () -> gateway.ping(new Ping()), PingResponse::isKnown);

        ListNotifications wanted = new ListNotifications();
        wanted.setFilter(new Filter());
        wanted.getFilter().getState().add(State.AVAILABLE);
        wanted.setPageSize(2);
        List<Notification> page = call(client, "ListNotifications", () -> gateway.listNotifications(wanted),
                answer -> answer.getNotification().size() == 2
                        && answer.getNotification().stream().allMatch(one -> one.getState() == State.AVAILABLE))
                .getNotification();
        if (page.size() < 2) {
            throw new IllegalStateException("fewer than two available notifications are left: take a fresh sandbox");
        }
        String first = page.get(0).getId();
        String second = page.get(1).getId();

        ListChanges fromNow = new ListChanges();
        fromNow.setFromNow(true);
        String cursor = gateway.listChanges(fromNow).getNextCursor();

        decide(gateway, first, second);
        documents(gateway, first, second);

        ListChanges since = new ListChanges();
        since.setCursor(cursor);
        call(client, "ListChanges", () -> gateway.listChanges(since), answer -> answer.getChange().stream()
                .anyMatch(one -> one.getNotification().getId().equals(first) && one.getState() == State.ACCEPTED));
        call(client, "GetSummary", () -> gateway.getSummary(new GetSummary()), answer -> answer.getTotal() >= 2);
        GetHistory history = new GetHistory();
        history.setId(first);
        call(client, "GetHistory", () -> gateway.getHistory(history), answer -> answer.getEvent().stream()
                .anyMatch(one -> one.isDecisive() && one.getState() == State.ACCEPTED));

        MarkNotifications mark = new MarkNotifications();
        mark.getId().add(first);
        mark.setDownloaded(true);
        mark.getAddLabel().add("visto");
        call(client, "MarkNotifications", () -> gateway.markNotifications(mark), answer -> answer.getItem().get(0)
                .getMarks().getLabel().stream().anyMatch(one -> one.getLabel().equals("visto")));

        // A witness keeps the head, and asks the next time for the proof from its size to the new one's.
        call(client, "GetLogHead", () -> gateway.getLogHead(new GetLogHead()),
                answer -> answer.getHead() == null || answer.getHead().length > 100);
        ProveConsistency sizes = new ProveConsistency();
        sizes.setOldSize(0);
        sizes.setNewSize(0);
        call(client, "ProveConsistency", () -> gateway.proveConsistency(sizes),
                answer -> answer.getNewSize() == 0 && answer.getHash().isEmpty());

        rights(gateway);
        power(gateway, me);

        call(client, "GetDeliveryChannel", () -> gateway.getDeliveryChannel(new GetDeliveryChannel()),
                answer -> answer != null);
        SetDeliveryChannel electronic = new SetDeliveryChannel();
        electronic.setChannel(DeliveryChannel.ELECTRONIC);
        call(client, "SetDeliveryChannel", () -> gateway.setDeliveryChannel(electronic),
                answer -> answer.getChannel() == DeliveryChannel.ELECTRONIC);
        SetReceivingAlone withRed = new SetReceivingAlone();
        withRed.setReceivingAlone(false);
        call(client, "SetReceivingAlone", () -> gateway.setReceivingAlone(withRed),
                answer -> !answer.isReceivingAlone());
        SetContacts told = new SetContacts();
        told.getAddress().add("avisos@example.org");
        call(client, "SetContacts", () -> gateway.setContacts(told),
                answer -> answer.getAddress().equals(told.getAddress()));
        call(client, "GetContacts", () -> gateway.getContacts(new GetContacts()),
                answer -> answer.getAddress().equals(told.getAddress()));
        subscribe(gateway);
        fault(gateway);
    }

    private void subscribe(Notigateway gateway) throws Exception {
        Subscribe hook = new Subscribe();
        hook.setKind(SubscriptionKind.WEBHOOK);
        hook.setUrl("https://127.0.0.1:9443/hook");
        String id = call(client, "Subscribe", () -> gateway.subscribe(hook),
                answer -> answer.getSubscription().getUrl().equals(hook.getUrl())).getSubscription().getSubscriptionId();
        call(client, "ListSubscriptions", () -> gateway.listSubscriptions(new ListSubscriptions()),
                answer -> answer.getSubscription().stream().anyMatch(one -> one.getSubscriptionId().equals(id)));
        ListDeadDeliveries dead = new ListDeadDeliveries();
        dead.setSubscriptionId(id);
        call(client, "ListDeadDeliveries", () -> gateway.listDeadDeliveries(dead), answer -> answer.getDelivery().isEmpty());
        ReplayDeliveries replay = new ReplayDeliveries();
        replay.setSubscriptionId(id);
        call(client, "ReplayDeliveries", () -> gateway.replayDeliveries(replay), answer -> answer.getReplayed() == 0);
        Unsubscribe end = new Unsubscribe();
        end.setSubscriptionId(id);
        call(client, "Unsubscribe", () -> gateway.unsubscribe(end),
                answer -> answer.getSubscription().getEnded() == SubscriptionEnd.UNSUBSCRIBED);
    }

    private void decide(Notigateway gateway, String first, String second) throws Exception {
        AcceptNotifications accept = new AcceptNotifications();
        accept.getId().add(first);
        call(client, "AcceptNotifications", () -> gateway.acceptNotifications(accept), answer -> {
            DecisionOutcome item = answer.getItem().get(0);
            return item.getOutcome() == Outcome.DECIDED
                    && sha256(item.getReceipt().getXml()).equals(item.getReceipt().getSha256());
        });
        RejectNotifications reject = new RejectNotifications();
        reject.getId().add(second);
        reject.setReason("No procede: <ver> & archivar");
        call(client, "RejectNotifications", () -> gateway.rejectNotifications(reject),
                answer -> answer.getItem().get(0).getOutcome() == Outcome.DECIDED);
        RetrieveReceipts receipts = new RetrieveReceipts();
        receipts.getId().addAll(List.of(first, second));
        call(client, "RetrieveReceipts", () -> gateway.retrieveReceipts(receipts),
                answer -> answer.getItem().stream().noneMatch(one -> one.getReceipt().isEmpty()));
    }

    private void documents(Notigateway gateway, String accepted, String rejected) throws Exception {
        RetrieveNotifications both = new RetrieveNotifications();
        both.getId().addAll(List.of(accepted, rejected));
        Document document = call(client, "RetrieveNotifications", () -> gateway.retrieveNotifications(both),
                answer -> answer.getItem().get(1).getProblem() != null
                        && isWhole(answer.getItem().get(0).getDocument().get(0))).getItem().get(0).getDocument().get(0);
        RetrieveDocument whole = new RetrieveDocument();
        whole.setId(accepted);
        whole.setDocumentId(document.getDocumentId());
        call(client, "RetrieveDocument", () -> gateway.retrieveDocument(whole),
                answer -> sha256(answer.getContent()).equals(document.getSha256()));
    }

    private void rights(Notigateway gateway) throws Exception {
        ListRepresentationsResponse titles = call(client, "ListRepresentations",
                () -> gateway.listRepresentations(new ListRepresentations()),
                answer -> answer.getRepresentation().get(0).getRole() == Role.OWN);
        List<RedAssignment> assignments = titles.getRedAssignment();
        String assignment = assignments.get(assignments.size() - 1).getAssignmentId();
        UnassignRed unassign = new UnassignRed();
        unassign.setAssignmentId(assignment);
        call(client, "UnassignRed", () -> gateway.unassignRed(unassign),
                answer -> answer.getRedAssignment().getEndsAt() != null);
        ReassignRed reassign = new ReassignRed();
        reassign.setAssignmentId(assignment);
        call(client, "ReassignRed", () -> gateway.reassignRed(reassign),
                answer -> answer.getRedAssignment().getEndsAt() == null);
    }

    private void power(Notigateway gateway, PingResponse me) throws Exception {
        call(client, "ListMatters", () -> gateway.listMatters(new ListMatters()),
                answer -> answer.getMatter().stream().flatMap(one -> one.getProcedure().stream())
                        .anyMatch(one -> one.getCode().equals("9900101")));
        Party other = attorney.port().ping(new Ping()).getParty();
        GrantPower grant = new GrantPower();
        grant.setAttorney(other.getIdentifier());
        grant.setAttorneyName(other.getName());
        grant.setScope(PowerScope.PROCEDURE);
        grant.setValue("9900101");
        grant.setExpiresAt(inDays(365));
        String id = call(client, "GrantPower", () -> gateway.grantPower(grant),
                answer -> answer.getPower().getGrantor().getIdentifier().equals(me.getParty().getIdentifier()))
                .getPower().getPowerId();
        call(attorney, "AcceptPower", () -> accepted(id), answer -> answer.getPower().getAcceptedAt() != null);
        ExtendPower extend = new ExtendPower();
        extend.setPowerId(id);
        extend.setExpiresAt(inDays(730));
        call(client, "ExtendPower", () -> gateway.extendPower(extend),
                answer -> answer.getPower().getExpiresAt().equals(extend.getExpiresAt()));
        ListPowers powers = new ListPowers();
        powers.setPageSize(1000);
        call(client, "ListPowers", () -> gateway.listPowers(powers),
                answer -> answer.getPower().stream().anyMatch(one -> one.getPowerId().equals(id)));
        GrantUser user = new GrantUser();
        user.setPerson("00000014Z");
        user.setPersonName("Celia Prueba");
        user.setAllClients(true);
        user.setMayDecide(false);
        String userId = call(client, "GrantUser", () -> gateway.grantUser(user),
                answer -> !answer.getUser().isMayDecide()).getUser().getUserId();
        call(client, "ListUsers", () -> gateway.listUsers(new ListUsers()),
                answer -> answer.getUser().stream().anyMatch(one -> one.getUserId().equals(userId)));
        EndUser end = new EndUser();
        end.setUserId(userId);
        call(client, "EndUser", () -> gateway.endUser(end), answer -> answer.getUser().getEndsAt() != null);
        CertifyPower certify = new CertifyPower();
        certify.setPowerId(id);
        call(client, "CertifyPower", () -> gateway.certifyPower(certify),
                answer -> sha256(answer.getXml()).equals(answer.getSha256()));
        RevokePower revoke = new RevokePower();
        revoke.setPowerId(id);
        call(client, "RevokePower", () -> gateway.revokePower(revoke),
                answer -> answer.getPower().getEndedAt() != null);
        RenouncePower renounce = new RenouncePower();
        renounce.setPowerId(gateway.grantPower(grant).getPower().getPowerId());
        accepted(renounce.getPowerId());
        call(attorney, "RenouncePower", () -> attorney.port().renouncePower(renounce),
                answer -> answer.getPower().getEndedAt() != null);
        state(gateway, me);
    }

    /** The other one grants a power to us, a company: we state that our statutes let us represent others. */
    private void state(Notigateway gateway, PingResponse me) throws Exception {
        GrantPower grant = new GrantPower();
        grant.setAttorney(me.getParty().getIdentifier());
        grant.setAttorneyName(me.getParty().getName());
        grant.setScope(PowerScope.GENERAL);
        grant.setExpiresAt(inDays(365));
        String id = attorney.port().grantPower(grant).getPower().getPowerId();
        MakeResponsibleStatement statement = new MakeResponsibleStatement();
        statement.setPowerId(id);
        statement.setStatutesAllowRepresentation(true);
        call(client, "MakeResponsibleStatement", () -> gateway.makeResponsibleStatement(statement),
                answer -> answer.getPower().getState() == PowerState.PENDING);
        RenouncePower renounce = new RenouncePower();
        renounce.setPowerId(id);
        gateway.renouncePower(renounce);
    }

    private AcceptPowerResponse accepted(String power) throws Exception {
        AcceptPower accept = new AcceptPower();
        accept.setPowerId(power);
        return attorney.port().acceptPower(accept);
    }

    private void fault(Notigateway gateway) throws Exception {
        String unknown = "00000000-0000-4000-8000-000000000000";
        RetrieveDocument nothing = new RetrieveDocument();
        nothing.setId(unknown);
        nothing.setDocumentId(unknown);
        call(client, "a fault", () -> {
            try {
                gateway.retrieveDocument(nothing);
                return "none";
            } catch (GatewayFaultMessage fault) {
                return fault.getFaultInfo().getCode();
            }
        }, "NOTIFICATION_UNKNOWN"::equals);
    }

    private interface Check<T> {
        boolean holds(T answer) throws Exception;
    }

    private static <T> T call(GatewayClient by, String operation, Callable<T> work, Check<T> check)
            throws Exception {
        int before = by.verifiedAnswers();
        T answer = work.call();
        System.out.printf("{\"operation\": \"%s\", \"ok\": %b, \"verified\": %b}%n",
                operation, check.holds(answer), by.verifiedAnswers() == before + 1);
        return answer;
    }

    private static boolean isWhole(Document document) throws Exception {
        return sha256(document.getContent()).equals(document.getSha256());
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private static XMLGregorianCalendar inDays(int days) throws Exception {
        Instant at = Instant.now().plus(days, ChronoUnit.DAYS).truncatedTo(ChronoUnit.SECONDS);
        return DatatypeFactory.newInstance().newXMLGregorianCalendar(at.toString());
    }
}
