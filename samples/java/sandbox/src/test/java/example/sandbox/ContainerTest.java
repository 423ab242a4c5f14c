package example.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.utility.DockerImageName;

/** The sandbox as a container, where there is an engine that runs it. */
@EnabledIf("isEngineHere")
class ContainerTest {
    private static final DockerImageName IMAGE = DockerImageName.parse("notigateway-sandbox");

    @RegisterExtension
    static final SandboxExtension SANDBOX = SandboxExtension.of(() -> new NotigatewayContainer(IMAGE).open());

    static boolean isEngineHere() {
        return DockerClientFactory.instance().isDockerAvailable();
    }

    @Test
    void aWorldInAContainerIsReachedFromOutside(Sandbox sandbox, World world) {
        assertTrue(world.url().startsWith(sandbox.url()), world.url());
        Notification published = world.publish(Map.of("addressee", "company"));
        world.clock().toAfterDeadline(published.id());
        assertEquals(List.of("lapsed"), world.notifications().stream().map(Notification::state).toList());
    }

    @Test
    @InWorld(notifications = 3)
    void aWorldBeginsAsItIsWished(World world) {
        assertTrue(world.notifications().size() >= 3);
    }
}
