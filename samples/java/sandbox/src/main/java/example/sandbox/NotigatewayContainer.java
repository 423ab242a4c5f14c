package example.sandbox;

import java.time.Duration;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.google.gson.JsonObject;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.utility.DockerImageName;

/**
 * A sandbox in a container, for Testcontainers: {@code SandboxExtension.of(() -> new NotigatewayContainer(IMAGE).open())}.
 *
 * <p>The image is the target {@code sandbox} of the Dockerfile.
 */
public class NotigatewayContainer extends GenericContainer<NotigatewayContainer> {
    private static final int PORT = 8080;
    private static final String SCRIPT = "/tmp/start-sandbox.sh";
    private static final String READY = "READY {";

    public NotigatewayContainer(DockerImageName image) {
        super(image);
        withExposedPorts(PORT);
        // What clients sign names the address that they call. The engine gives its port once the container runs, so
        // the container first waits to be told.
        withCreateContainerCmdModifier(create -> create.withEntrypoint("sh"));
        withCommand("-c", "while [ ! -s " + SCRIPT + " ]; do sleep 0.05; done; exec sh " + SCRIPT);
        waitingFor(Wait.forLogMessage("(?s).*" + READY.replace("{", "\\{") + ".*", 1)
                .withStartupTimeout(Duration.ofSeconds(120)));
    }

    @Override
    protected void containerIsStarting(InspectContainerResponse ignored) {
        String start = "exec notigateway sandbox --listen 0.0.0.0 --port %d --notifications 0 --public-url %s/notigateway/v1%n";
        copyFileToContainer(Transferable.of(start.formatted(PORT, address()), 0755), SCRIPT);
    }

    /** Starts it where it does not run; closing the sandbox stops the container. */
    public Sandbox open() {
        start();
        String line = getLogs().lines().filter(one -> one.startsWith(READY)).findFirst().orElseThrow();
        JsonObject ready = Admin.JSON.fromJson(line.substring(READY.length() - 1), JsonObject.class);
        // It listens to the network of the container, so it wants its token.
        return Sandbox.at(address(), ready.get("token").getAsString(), this::stop);
    }

    /** The address of the sandbox, as it is seen from here. */
    public String address() {
        return "http://%s:%d".formatted(getHost(), getMappedPort(PORT));
    }
}
