package example;

import java.io.PrintStream;

/** Prints what is told of one tool and one contract, a line for each thing. */
record Report(PrintStream out, String tool, String contract) {

    void line(String what, String which) {
        out.println(String.join("\t", tool, contract, what, which.replace('\t', ' ').replace('\n', ' ')));
    }
}
