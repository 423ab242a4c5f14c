package example;

import jakarta.xml.bind.JAXBContext;
import jakarta.xml.bind.Marshaller;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/** The classes that a generator made of a contract. */
final class Generated {

    private final List<Class<?>> classes = new ArrayList<>();
    private final ClassLoader loader;

    Generated(Path folder) throws Exception {
        loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, Generated.class.getClassLoader());
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : (Iterable<Path>) files.filter(one -> one.toString().endsWith(".class"))::iterator) {
                String name = folder.relativize(file).toString().replace('/', '.');
                classes.add(Class.forName(name.substring(0, name.length() - ".class".length()), false, loader));
            }
        }
    }

    /** Tells each class, each method of an interface, and each property that is a list. */
    void tell(Report report) {
        for (Class<?> one : classes) {
            report.line("class", one.getSimpleName());
            for (Method method : one.getDeclaredMethods()) {
                Class<?> type = method.getReturnType();
                if (one.isInterface() || one.getSimpleName().endsWith("Stub")) {
                    report.line("operation", method.getName());
                }
                if (method.getName().startsWith("get") && method.getParameterCount() == 0
                        && (Collection.class.isAssignableFrom(type) || type.isArray() && type != byte[].class)) {
                    report.line("list", one.getSimpleName() + "." + method.getName().substring("get".length()));
                }
            }
        }
    }

    boolean isJaxb() {
        return classes.stream().anyMatch(one -> one.getSimpleName().equals("ObjectFactory"));
    }

    /** Writes each message again from what the classes have read of it. */
    void readAll(Path messages, Path into) throws Exception {
        Class<?>[] factories = classes.stream()
                .filter(one -> one.getSimpleName().equals("ObjectFactory")).toArray(Class<?>[]::new);
        JAXBContext context = JAXBContext.newInstance(factories);
        try (Stream<Path> files = Files.list(messages)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Object read = context.createUnmarshaller().unmarshal(file.toFile());
                Marshaller marshaller = context.createMarshaller();
                marshaller.marshal(read, into.resolve(file.getFileName()).toFile());
            }
        }
    }
}
