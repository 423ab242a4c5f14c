package example.sandbox;

import java.time.Instant;
import java.util.List;

/** A notification as the operator sees it; {@code receipts} is null in a list. */
public record Notification(String id, long code, String reference, String subject, String addressee, String kind,
        String state, Instant availableAt, Instant deadline, Instant decidedAt, List<Receipt> receipts) {

    /** That there is a receipt, of which kind and of when. */
    public record Receipt(String id, String kind, Instant at) {
    }
}
