package example.sandbox;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;

import com.google.gson.JsonObject;

/** The clock of a world: it goes, stands still or jumps. What would have run in between has run when a call returns. */
public final class Clock {
    private final Admin admin;

    Clock(Admin admin) {
        this.admin = admin;
    }

    /** What it says; {@code mode} is real, offset or frozen, {@code lapsed} how many lapsed in a jump. */
    public record Moment(Instant now, String mode, double offsetSeconds, int lapsed) {
    }

    public Instant now() {
        return read(admin.get("clock")).now();
    }

    public Moment advance(Duration by) {
        return told(Map.of("advance", by.toString()));
    }

    /** Goes to just after the deadline of a notification. */
    public Moment toAfterDeadline(String notification) {
        return told(Map.of("to", "after-deadline", "notification", notification));
    }

    /** Sets the clock; back only in a fresh world, and with a reason. */
    public Moment set(Instant to, String reason) {
        return told(Map.of("set", to, "reason", reason));
    }

    public Moment freeze() {
        return told(Map.of("freeze", true));
    }

    public Moment thaw() {
        return told(Map.of("thaw", true));
    }

    private Moment told(Map<String, ?> what) {
        return read(admin.post("clock", what));
    }

    private static Moment read(JsonObject told) {
        return Admin.JSON.fromJson(told, Moment.class);
    }
}
