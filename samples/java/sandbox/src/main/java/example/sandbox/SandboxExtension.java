package example.sandbox;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * Gives a test that asks for a {@link World} one of its own, removed after it, in one {@link Sandbox} for all.
 *
 * <p>A test that passed fails where what it expected of the journal did not come to pass; one that failed
 * prints what its world was asked.
 */
public final class SandboxExtension implements ParameterResolver, AfterTestExecutionCallback {
    private static final Namespace NAMESPACE = Namespace.create(SandboxExtension.class);
    private static final int SHOWN = 20;

    private final Supplier<Sandbox> opening;
    private final String key;

    /** Of {@code @ExtendWith(SandboxExtension.class)}: the sandbox of {@link Sandbox#open}. */
    public SandboxExtension() {
        this(Sandbox::open, "sandbox");
    }

    private SandboxExtension(Supplier<Sandbox> opening, String key) {
        this.opening = opening;
        this.key = key;
    }

    /** Of {@code @RegisterExtension}: another one, {@code SandboxExtension.of(container::open)} for example. */
    public static SandboxExtension of(Supplier<Sandbox> opening) {
        return new SandboxExtension(opening, "sandbox " + System.identityHashCode(opening));
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> wanted = parameter.getParameter().getType();
        return wanted == World.class || wanted == Sandbox.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        // A store closes what can be closed, in the end of its test or of the whole run (JUnit 5.13 and later).
        Sandbox sandbox = context.getRoot().getStore(NAMESPACE)
                .getOrComputeIfAbsent(key, none -> opening.get(), Sandbox.class);
        if (parameter.getParameter().getType() == Sandbox.class) {
            return sandbox;
        }
        Store store = context.getStore(NAMESPACE);
        return store.getOrComputeIfAbsent("world", none -> sandbox.world(wishes(context)), World.class);
    }

    private static Map<String, Object> wishes(ExtensionContext context) {
        InWorld wished = AnnotationSupport.findAnnotation(context.getElement(), InWorld.class)
                .or(() -> AnnotationSupport.findAnnotation(context.getTestClass(), InWorld.class)).orElse(null);
        Map<String, Object> found = new HashMap<>();
        if (wished != null) {
            found.put("notifications", wished.notifications());
            found.put("seed", wished.seed());
            if (!wished.scenario().isEmpty()) {
                found.put("scenario", wished.scenario());
            }
        }
        return found;
    }

    @Override
    public void afterTestExecution(ExtensionContext context) {
        World world = context.getStore(NAMESPACE).get("world", World.class);
        if (world == null) {
            return;
        }
        if (context.getExecutionException().isEmpty()) {
            world.journal().verify();
            return;
        }
        List<Journal.Entry> entries = world.journal().search(Map.of());
        System.err.printf("%s failed in world %s, which was asked:%n", context.getDisplayName(), world.name());
        entries.subList(Math.max(0, entries.size() - SHOWN), entries.size()).forEach(System.err::println);
    }
}
