package example.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import com.google.gson.JsonObject;

/**
 * A sandbox: a process of ours, or one that runs already. It makes worlds; the one at its root, which all who
 * use it share, is {@link #shared}.
 */
public final class Sandbox implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(120);
    private static final Duration STOP = Duration.ofSeconds(30);
    /** A world that is to go may be busy with what nobody waits for any more. */
    private static final Duration REMOVAL = Duration.ofMinutes(10);
    private static final Duration PAUSE = Duration.ofMillis(200);

    private final Admin admin;
    private final Runnable closing;

    private Sandbox(Admin admin, Runnable closing) {
        this.admin = admin;
        this.closing = closing;
    }

    /**
     * Uses the one at NOTIGATEWAY_SANDBOX_URL (with NOTIGATEWAY_SANDBOX_TOKEN) where that is set; starts one
     * otherwise, by the command in NOTIGATEWAY_SANDBOX_COMMAND, or {@code notigateway} of the PATH.
     */
    public static Sandbox open() {
        String url = System.getenv("NOTIGATEWAY_SANDBOX_URL");
        if (url != null) {
            return at(url, System.getenv("NOTIGATEWAY_SANDBOX_TOKEN"));
        }
        return start(System.getenv().getOrDefault("NOTIGATEWAY_SANDBOX_COMMAND", "notigateway"));
    }

    /** Uses the one at that address, {@code http://127.0.0.1:8080}, and leaves it running. */
    public static Sandbox at(String url, String token) {
        return at(url, token, () -> { });
    }

    /** Uses the one at that address; what is to be done when nobody needs it any more is the caller's to say. */
    public static Sandbox at(String url, String token, Runnable closing) {
        return new Sandbox(Admin.of(url, token), closing);
    }

    /** Starts one with an empty world in a temporary folder; it ends with this JVM at the latest. */
    public static Sandbox start(String command) {
        try {
            Path folder = Files.createTempDirectory("notigateway-");
            Path ready = folder.resolve("ready.json");
            Path log = folder.resolve("server.log");
            Process process = new ProcessBuilder(command, "sandbox", "--port", "0",
                    "--notifications", "0", "--ready-file", ready.toString())
                    .redirectErrorStream(true).redirectOutput(log.toFile()).start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
            folder.toFile().deleteOnExit(); // after what is in it: the last one named goes first
            log.toFile().deleteOnExit();
            JsonObject told = await(process, ready, log);
            return at(told.get("base").getAsString(), null, () -> end(process));
        } catch (IOException error) {
            throw new UncheckedIOException("cannot start " + command, error);
        }
    }

    /** Waits for the file, which is complete when it is there. */
    private static JsonObject await(Process process, Path ready, Path log) throws IOException {
        long end = System.nanoTime() + START.toNanos();
        try {
            while (!Files.exists(ready)) {
                if (process.waitFor(20, TimeUnit.MILLISECONDS) || System.nanoTime() > end) {
                    process.destroy();
                    throw new SandboxException("NOT_STARTED", "its log says: " + Files.readString(log));
                }
            }
        } catch (InterruptedException error) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new SandboxException("NOT_STARTED", "interrupted", error);
        }
        return Admin.JSON.fromJson(Files.readString(ready), JsonObject.class);
    }

    private static void end(Process process) {
        process.destroy();
        try {
            if (!process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException error) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** The address of the sandbox. */
    public String url() {
        return admin.base();
    }

    /** Makes an empty world; close it when done. */
    public World world() {
        return world(Map.of());
    }

    /** Makes a world as wished: notifications, seed, scenario, own_holders, freeze (an instant), name. */
    public World world(Map<String, ?> wished) {
        JsonObject told = admin.post("worlds", wished);
        String name = told.get("name").getAsString();
        return new World(admin.below(told.get("base").getAsString()), told, () -> remove(name));
    }

    private void remove(String name) {
        long end = System.nanoTime() + REMOVAL.toNanos();
        while (true) {
            try {
                admin.delete("worlds/" + name);
                return;
            } catch (SandboxException error) {
                if (!error.code().equals("BUSY") || System.nanoTime() > end) {
                    throw error;
                }
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }

    /** The world at the root. */
    public World shared() {
        return new World(admin, admin.get("world"), () -> { });
    }

    /** The names of the scenarios that {@link World#scenario} plays. */
    public List<String> scenarios() {
        return admin.get("scenarios").getAsJsonArray("scenarios").asList().stream()
                .map(one -> one.getAsJsonObject().get("name").getAsString()).toList();
    }

    /** Ends it, if it was started here. */
    @Override
    public void close() {
        closing.run();
    }
}
