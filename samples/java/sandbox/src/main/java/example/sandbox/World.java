package example.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

/** A world of a sandbox: data of its own, with their own clock and journal; closing removes it. */
public final class World implements AutoCloseable {
    private final Admin admin;
    private final JsonObject told;
    private final Runnable removing;
    private Path folder;

    World(Admin admin, JsonObject told, Runnable removing) {
        this.admin = admin;
        this.told = told;
        this.removing = removing;
    }

    /** Its name, which the sandbox has given. */
    public String name() {
        return address("name");
    }

    /** The address of the service in this world; the WSDL is there too, with {@code ?wsdl}. */
    public String url() {
        return address("url");
    }

    /** The address of the contract of issuing bodies in this world. */
    public String issuingUrl() {
        return address("issuing");
    }

    /** The address of the Social Security's own contract in this world. */
    public String wscnUrl() {
        return address("wscn");
    }

    private String address(String member) {
        return told.get(member).getAsString();
    }

    /** Its clock: everything in the world follows it. */
    public Clock clock() {
        return new Clock(admin);
    }

    /** What it was asked, and what is expected of a client. */
    public Journal journal() {
        return new Journal(admin);
    }

    // --- files for a client under test ---------------------------------------------------------------------

    /** The PKCS #12 file of a holder: company, person, representative, red, stranger, expired, untrusted, revoked. */
    public Path p12(String holder) {
        return files().resolve(holder + ".p12");
    }

    /** What opens every PKCS #12 file. */
    public String passphrase() {
        files();
        return told.get("passphrase").getAsString();
    }

    /** The certificate that proves answers. */
    public Path serviceCertificate() {
        return files().resolve("service.cert.pem");
    }

    /** The certificate that proves receipts. */
    public Path sealCertificate() {
        return files().resolve("seal.cert.pem");
    }

    private synchronized Path files() {
        if (folder != null) {
            return folder;
        }
        JsonObject certificates = admin.get("certificates");
        told.add("passphrase", certificates.get("passphrase"));
        try {
            Path made = Files.createTempDirectory("notigateway-certificates-");
            made.toFile().deleteOnExit(); // after what is in it: the last one named goes first
            for (String name : List.of("service", "seal")) {
                Files.writeString(made.resolve(name + ".cert.pem"), certificates.get(name).getAsString());
            }
            for (Map.Entry<String, JsonElement> one : certificates.getAsJsonObject("holders").entrySet()) {
                String p12 = one.getValue().getAsJsonObject().get("p12").getAsString();
                Files.write(made.resolve(one.getKey() + ".p12"), Base64.getDecoder().decode(p12));
            }
            try (var all = Files.list(made)) {
                all.forEach(file -> file.toFile().deleteOnExit());
            }
            folder = made;
            return made;
        } catch (IOException error) {
            throw new UncheckedIOException("cannot keep the certificates of the sandbox", error);
        }
    }

    // --- what is there, and what happens -------------------------------------------------------------------

    /** What is in this world, whoever may see it; asking has no effect. */
    public List<Notification> notifications() {
        List<Notification> found = new ArrayList<>();
        JsonObject told = admin.get("notifications");
        while (true) {
            told.getAsJsonArray("notifications").forEach(one -> found.add(Admin.JSON.fromJson(one, Notification.class)));
            if (told.get("next").isJsonNull()) {
                return List.copyOf(found);
            }
            told = admin.get("notifications", Map.of("before", told.get("next").getAsLong()));
        }
    }

    /** One notification with its receipts; asking has no effect. */
    public Notification notification(String id) {
        return Admin.JSON.fromJson(admin.get("notifications/" + id), Notification.class);
    }

    /** Lets something happen: publish, accept, reject, lapse, outage, revoke, and what else the sandbox knows. */
    public JsonObject act(String verb, Map<String, ?> arguments) {
        return admin.post("do/" + verb, arguments);
    }

    /** Publishes a notification, to {@code Map.of("addressee", "company")} for example. */
    public Notification publish(Map<String, ?> arguments) {
        return notification(act("publish", arguments).get("id").getAsString());
    }

    /** Plays a scenario of the library; returns what each step gave. */
    public JsonObject scenario(String name) {
        return admin.post("scenario", Map.of("name", name));
    }

    /** Plans a fault, {@code fault("status", Map.of("status", 503, "nth", 1))}, and returns its id. */
    public int fault(String kind, Map<String, ?> selectors) {
        Map<String, Object> plan = new HashMap<>(selectors);
        plan.put("kind", kind);
        return admin.post("faults", plan).get("id").getAsInt();
    }

    /** Makes this world anew, as it was made. */
    public void reset() {
        admin.post("reset", Map.of());
    }

    /** Removes it. */
    @Override
    public void close() {
        removing.run();
    }
}
