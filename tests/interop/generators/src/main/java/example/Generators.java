package example;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.apache.axis2.wsdl.WSDL2Code;
import org.apache.cxf.tools.common.ToolContext;
import org.apache.cxf.tools.wsdlto.WSDLToJava;

/**
 * Generates Java from contracts with each generator, compiles it, and tells what came out.
 *
 * <p>Arguments: a folder to write to, then pairs of a contract's name and the address of its WSDL. Beside the folder
 * of a contract, in {@code messages/NAME}, may lie messages; what JAXB's classes read of them is written to
 * {@code read/TOOL/NAME}. What is printed, word by word between tabs: tool, contract, what, which.
 */
public final class Generators {

    private interface Generator {
        void generate(String wsdl, Path folder) throws Exception;
    }

    private static final PrintStream OUT = System.out;
    private static final Map<String, Generator> GENERATORS = new TreeMap<>(Map.of(
            "wsimport", Generators::wsimport,
            "cxf", (wsdl, folder) -> cxf(wsdl, folder),
            "cxf-bare", (wsdl, folder) -> cxf(wsdl, folder, "-bareMethods"),
            "axis2", Generators::axis2,
            "axis", Generators::axis));

    private Generators() {
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        // The generators print what they do.
        System.setOut(new PrintStream(OutputStream.nullOutputStream()));
        System.setErr(new PrintStream(OutputStream.nullOutputStream()));
        for (int i = 1; i < arguments.length; i += 2) {
            for (Map.Entry<String, Generator> one : GENERATORS.entrySet()) {
                run(one.getKey(), one.getValue(), arguments[i], arguments[i + 1], folder);
            }
        }
        OUT.flush();
        // Some leave threads behind.
        System.exit(0);
    }

    private static void run(String tool, Generator generator, String contract, String wsdl, Path folder) {
        Report report = new Report(OUT, tool, contract);
        try {
            Path sources = Files.createDirectories(folder.resolve(tool).resolve(contract));
            generator.generate(wsdl, sources);
            Path classes = Files.createDirectories(folder.resolve(tool).resolve(contract + "-classes"));
            compile(sources, classes);
            Generated generated = new Generated(classes);
            generated.tell(report);
            Path messages = folder.resolve("messages").resolve(contract);
            if (generated.isJaxb() && Files.isDirectory(messages)) {
                generated.readAll(messages, Files.createDirectories(folder.resolve("read/" + tool + "/" + contract)));
            }
        } catch (Throwable failed) {
            StringWriter trace = new StringWriter();
            failed.printStackTrace(new PrintWriter(trace));
            report.line("failed", trace.toString().lines().limit(12).reduce("", (all, line) -> all + " | " + line.strip()));
        }
    }

    private static void wsimport(String wsdl, Path folder) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        boolean done = new com.sun.tools.ws.wscompile.WsimportTool(said).run(
                // SOAP 1.2 is an extension to it.
                new String[] {"-quiet", "-extension", "-Xnocompile", "-keep", "-s", folder.toString(), wsdl});
        if (!done) {
            throw new IllegalStateException(said.toString());
        }
    }

    private static void cxf(String wsdl, Path folder, String... options) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(options));
        arguments.addAll(List.of("-quiet", "-d", folder.toString(), wsdl));
        new WSDLToJava(arguments.toArray(new String[0])).run(new ToolContext());
    }

    private static void axis2(String wsdl, Path folder) throws Exception {
        WSDL2Code.main(new String[] {"-uri", wsdl, "-o", folder.toString(), "-d", "adb", "-u"});
    }

    private static void axis(String wsdl, Path folder) throws Exception {
        org.apache.axis.wsdl.toJava.Emitter emitter = new org.apache.axis.wsdl.toJava.Emitter();
        emitter.setNowrap(true);
        emitter.setOutputDir(folder.toString());
        emitter.run(wsdl);
    }

    private static void compile(Path sources, Path classes) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(
                "-nowarn", "-proc:none", "-g:none", "-d", classes.toString(), "-cp", classPath()));
        try (Stream<Path> files = Files.walk(sources)) {
            files.filter(file -> file.toString().endsWith(".java")).map(Path::toString).forEach(arguments::add);
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        if (compiler.run(null, said, said, arguments.toArray(new String[0])) != 0) {
            throw new IllegalStateException(said.toString());
        }
    }

    private static String classPath() throws Exception {
        Path jar = Path.of(Generators.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        return jar + File.pathSeparator + jar.resolveSibling("lib") + File.separator + "*";
    }
}
