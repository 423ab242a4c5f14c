import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.Provider;
import java.security.Security;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.jar.JarFile;

/**
 * Runs Java programs one after the other in one process, each jar in a class loader of its own.
 *
 * <p>Starting a JVM and loading a SOAP stack takes longer than all that the stack is asked. A line of standard input
 * is a jar and its arguments, with tabs between them; the answer is a line with the exit code and two lengths,
 * then the bytes of standard output and of standard error. The program's method {@code run} is called, which is
 * {@code main} without leaving the process.
 *
 * <p>What programs share in spite of their class loaders is put back after each: standard streams, system
 * properties, and the security providers, which two versions of one library register under one name.
 */
final class OneJvm {
    private static final Map<String, Program> PROGRAMS = new HashMap<>();

    private OneJvm() {
    }

    public static void main(String[] none) throws Exception {
        PrintStream answers = System.out;
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split("\t", -1);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            int code = run(words[0], Arrays.copyOfRange(words, 1, words.length), out, err);
            answers.printf("%d %d %d%n", code, out.size(), err.size());
            out.writeTo(answers);
            err.writeTo(answers);
            answers.flush();
        }
    }

    private static int run(String jar, String[] arguments, ByteArrayOutputStream out, ByteArrayOutputStream err) {
        PrintStream standardOut = System.out;
        PrintStream standardErr = System.err;
        Properties properties = (Properties) System.getProperties().clone();
        try (PrintStream output = new PrintStream(out, true, StandardCharsets.UTF_8);
                PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8)) {
            System.setOut(output);
            System.setErr(errors);
            try {
                if (!PROGRAMS.containsKey(jar)) {
                    PROGRAMS.put(jar, Program.load(Path.of(jar)));
                }
                PROGRAMS.get(jar).run(arguments);
                return 0;
            } catch (InvocationTargetException failed) {
                failed.getCause().printStackTrace();
            } catch (Exception | LinkageError failed) {
                failed.printStackTrace();
            }
            return 1;
        } finally {
            System.setOut(standardOut);
            System.setErr(standardErr);
            System.setProperties(properties);
        }
    }

    private static final class Program {
        private final ClassLoader loader;
        private final Method run;
        // In the order of registration; a library registers its own only once for each class loader.
        private List<Provider> providers = List.of(Security.getProviders());

        private Program(ClassLoader loader, Method run) {
            this.loader = loader;
            this.run = run;
        }

        static Program load(Path jar) throws Exception {
            String main;
            try (JarFile file = new JarFile(jar.toFile())) {
                main = file.getManifest().getMainAttributes().getValue("Main-Class");
            }
            ClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, ClassLoader.getPlatformClassLoader());
            return new Program(loader, loader.loadClass(main).getMethod("run", String[].class));
        }

        void run(String[] arguments) throws Exception {
            List<Provider> before = List.of(Security.getProviders());
            Thread.currentThread().setContextClassLoader(loader);
            replaceProviders(providers);
            try {
                run.invoke(null, (Object) arguments);
            } finally {
                providers = List.of(Security.getProviders());
                replaceProviders(before);
                Thread.currentThread().setContextClassLoader(OneJvm.class.getClassLoader());
            }
        }

        private static void replaceProviders(List<Provider> wanted) {
            for (Provider one : Security.getProviders()) {
                if (!wanted.contains(one)) {
                    Security.removeProvider(one.getName());
                }
            }
            for (int place = 0; place < wanted.size(); place++) {
                // Does nothing where it is registered already.
                Security.insertProviderAt(wanted.get(place), place + 1);
            }
        }
    }
}
