package evidence;

import java.io.File;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** What veraPDF says of files. Arguments: the flavour (3a, ua1), then files. One line for each, fields parted by tabs. */
public final class VeraPdf {
    private VeraPdf() {
    }

    public static void main(String[] words) throws Exception {
        run(words);
    }

    public static void run(String[] words) throws Exception {
        Logger.getLogger("").setLevel(Level.OFF);
        VeraGreenfieldFoundryProvider.initialise();
        PDFAFlavour flavour = PDFAFlavour.fromString(words[0]);
        for (int index = 1; index < words.length; index++) {
            try (PDFAParser parser = Foundries.defaultInstance().createParser(new File(words[index]), flavour)) {
                ValidationResult result = Foundries.defaultInstance().createValidator(flavour, false).validate(parser);
                Set<String> failed = new TreeSet<>();
                for (TestAssertion one : result.getTestAssertions()) {
                    if (one.getStatus() == TestAssertion.Status.FAILED) {
                        failed.add(one.getRuleId().getClause() + "-" + one.getRuleId().getTestNumber());
                    }
                }
                System.out.println(String.join("\t", new File(words[index]).getName(), words[0],
                    result.isCompliant() ? "compliant" : "not compliant", failed.toString()));
            }
        }
    }
}
