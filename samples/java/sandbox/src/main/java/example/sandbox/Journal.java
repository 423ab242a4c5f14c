package example.sandbox;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

/**
 * What a world was asked, and what is expected of a client.
 *
 * <p>Filters are operation, caller (a NIF, or the name of a holder), code (OK, or an error), status, after, limit.
 */
public final class Journal {
    private final Admin admin;

    Journal(Admin admin) {
        this.admin = admin;
    }

    /**
     * One exchange; status and code are null where no answer was sent, refusedItems says how many items of a batch
     * were refused, by the code, faults are those that struck.
     */
    public record Entry(int number, Instant at, String operation, String caller, String holder, Integer status,
            String code, Map<String, Integer> refusedItems, List<Integer> faults) {
        @Override
        public String toString() {
            String by = holder == null ? caller : holder;
            String refused = refusedItems.isEmpty() ? "" : " " + refusedItems;
            return "%d: %s by %s at %s: %s %s%s".formatted(number, operation, by, at, status, code, refused);
        }
    }

    public List<Entry> search(Map<String, ?> filters) {
        return entries(admin.get("journal", filters).getAsJsonArray("entries"));
    }

    public int count(Map<String, ?> filters) {
        return admin.get("journal/count", filters).get("count").getAsInt();
    }

    /** Waits until an operation was called so often; a SandboxException with code NOT_REACHED where it was not. */
    public List<Entry> await(String operation, int count, Duration timeout) {
        Map<String, Object> asked = Map.of("operation", operation, "count", count, "timeout", timeout.toMillis() + "ms");
        return entries(admin.get("journal/await", asked).getAsJsonArray("entries"));
    }

    /** Says in words what became of a request, and why. */
    public String explain(int number) {
        return admin.text("journal/" + number + "/explain");
    }

    /** A request as it was received. */
    public byte[] request(int number) {
        return admin.bytes("journal/" + number + "/request", "*/*");
    }

    /** An answer as it was sent. */
    public byte[] answer(int number) {
        return admin.bytes("journal/" + number + "/answer", "*/*");
    }

    public void clear() {
        admin.delete("journal");
    }

    // --- expectations --------------------------------------------------------------------------------------

    /** Expects that an operation is called exactly so often by the end of the test. */
    public void expect(String operation, int count) {
        expect(Map.of("operation", operation, "count", count));
    }

    /** Expects that an operation is never called. */
    public void expectNever(String operation) {
        expect(Map.of("operation", operation, "never", true));
    }

    /** Expects what is said: operation, caller, code, status, and one of count, at_least, at_most and never. */
    public void expect(Map<String, ?> expectation) {
        admin.post("expectations", new HashMap<>(expectation));
    }

    /**
     * Throws an AssertionError that says what was expected and did not come to pass, and tells of faults that never
     * struck: a test that has planned one may have tested nothing. SandboxExtension calls it.
     */
    public void verify() {
        JsonObject told = admin.get("expectations");
        if (!told.get("met").getAsBoolean()) {
            List<String> unmet = told.getAsJsonArray("expectations").asList().stream().map(JsonElement::getAsJsonObject)
                    .filter(one -> !one.get("met").getAsBoolean()).map(JsonObject::toString).toList();
            throw new AssertionError("the sandbox expected something else: " + String.join(", ", unmet));
        }
        JsonArray never = told.getAsJsonArray("faults_never_struck");
        if (!never.isEmpty()) {
            System.err.printf("faults that never struck: %s%n", never);
        }
    }

    private static List<Entry> entries(JsonArray told) {
        return told.asList().stream().map(one -> Admin.JSON.fromJson(one, Entry.class)).toList();
    }
}
