package evidence;

import eu.europa.esig.dss.asic.xades.ASiCWithXAdESSignatureParameters;
import eu.europa.esig.dss.asic.xades.signature.ASiCWithXAdESService;
import eu.europa.esig.dss.enumerations.ASiCContainerType;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.InMemoryDocument;
import eu.europa.esig.dss.model.TimestampBinary;
import eu.europa.esig.dss.pades.PAdESSignatureParameters;
import eu.europa.esig.dss.pades.signature.PAdESService;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonCertificateSource;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.spi.x509.tsp.TSPSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import eu.europa.esig.dss.xades.XAdESSignatureParameters;
import eu.europa.esig.dss.xades.signature.XAdESService;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Security;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoGeneratorBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.TimeStampRequestGenerator;
import org.bouncycastle.tsp.TimeStampTokenGenerator;
import org.bouncycastle.util.CollectionStore;

/**
 * What EU DSS makes of our evidence. Arguments: the folder, then words of the form validate:FILE or LEVEL:FILE:OUT, all in it.
 * The folder holds anchor.cer (trusted), other *.cer and *.crl, and the key of tsa.cer for new time-stamps.
 * One line for each signature that is validated: file, level, verdict, its reason, number of files covered, errors.
 */
public final class Dss {
    private static final ASN1ObjectIdentifier SHA256 = new ASN1ObjectIdentifier("2.16.840.1.101.3.4.2.1");

    private Dss() {
    }

    public static void main(String[] words) throws Exception {
        run(words);
    }

    public static void run(String[] words) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        File folder = new File(words[0]);
        CommonCertificateVerifier verifier = verifier(folder);
        for (String word : Arrays.copyOfRange(words, 1, words.length)) {
            String[] parts = word.split(":");
            if (parts[0].equals("validate")) {
                validate(verifier, new File(folder, parts[1]));
            } else {
                raise(verifier, source(folder), parts[0], new File(folder, parts[1]), new File(folder, parts[2]));
            }
        }
    }

    private static CommonCertificateVerifier verifier(File folder) throws Exception {
        CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
        trusted.addCertificate(DSSUtils.loadCertificate(new File(folder, "anchor.cer")));
        CommonCertificateSource known = new CommonCertificateSource();
        for (File file : folder.listFiles((in, name) -> name.endsWith(".cer"))) {
            known.addCertificate(DSSUtils.loadCertificate(file));
        }
        DSSDocument[] lists = Arrays.stream(folder.listFiles((in, name) -> name.endsWith(".crl")))
            .map(file -> new InMemoryDocument(read(file))).toArray(DSSDocument[]::new);
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(trusted);
        verifier.setAdjunctCertSources(known);
        verifier.setCrlSource(new ExternalResourcesCRLSource(lists));
        verifier.setAIASource(null);
        verifier.setCheckRevocationForUntrustedChains(true);
        return verifier;
    }

    private static byte[] read(File file) {
        try {
            return Files.readAllBytes(file.toPath());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static TSPSource source(File folder) throws Exception {
        PrivateKey key = KeyFactory.getInstance("EC")
            .generatePrivate(new PKCS8EncodedKeySpec(read(new File(folder, "tsa.key"))));
        X509CertificateHolder certificate = new X509CertificateHolder(read(new File(folder, "tsa.cer")));
        return (algorithm, digest) -> {
            try {
                TimeStampRequestGenerator asking = new TimeStampRequestGenerator();
                asking.setCertReq(true);
                TimeStampTokenGenerator answering = new TimeStampTokenGenerator(
                    new JcaSimpleSignerInfoGeneratorBuilder().build("SHA256withECDSA", key, certificate),
                    new JcaDigestCalculatorProviderBuilder().build().get(new AlgorithmIdentifier(SHA256)),
                    new ASN1ObjectIdentifier("1.3.6.1.4.1.99999.1"), true);
                answering.addCertificates(new CollectionStore<>(List.of(certificate)));
                BigInteger number = BigInteger.valueOf(System.nanoTime());
                ASN1ObjectIdentifier hash = new ASN1ObjectIdentifier(algorithm.getOid());
                return new TimestampBinary(
                    answering.generate(asking.generate(hash, digest, number), number, new Date()).getEncoded());
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        };
    }

    private static void validate(CommonCertificateVerifier verifier, File file) throws Exception {
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(file));
        validator.setCertificateVerifier(verifier);
        Reports reports = validator.validateDocument();
        for (String one : reports.getSimpleReport().getSignatureIdList()) {
            System.out.println(String.join("\t", file.getName(),
                String.valueOf(reports.getSimpleReport().getSignatureFormat(one)),
                String.valueOf(reports.getSimpleReport().getIndication(one)),
                String.valueOf(reports.getSimpleReport().getSubIndication(one)),
                String.valueOf(reports.getDiagnosticData().getSignatureById(one).getSignatureScopes().size()),
                reports.getSimpleReport().getAdESValidationErrors(one).stream()
                    .map(said -> said.getValue()).toList().toString()));
        }
    }

    private static void raise(
        CommonCertificateVerifier verifier, TSPSource source, String level, File file, File out
    ) throws Exception {
        SignatureLevel wanted = SignatureLevel.valueOf("XAdES_BASELINE_" + level);
        DSSDocument raised;
        if (file.getName().endsWith(".pdf")) {
            PAdESService service = new PAdESService(verifier);
            service.setTspSource(source);
            PAdESSignatureParameters wishes = new PAdESSignatureParameters();
            wishes.setSignatureLevel(SignatureLevel.valueOf("PAdES_BASELINE_" + level));
            raised = service.extendDocument(new FileDocument(file), wishes);
        } else if (file.getName().endsWith(".xml")) {
            XAdESService service = new XAdESService(verifier);
            service.setTspSource(source);
            XAdESSignatureParameters wishes = new XAdESSignatureParameters();
            wishes.setSignatureLevel(wanted);
            raised = service.extendDocument(new FileDocument(file), wishes);
        } else {
            ASiCWithXAdESService service = new ASiCWithXAdESService(verifier);
            service.setTspSource(source);
            ASiCWithXAdESSignatureParameters wishes = new ASiCWithXAdESSignatureParameters();
            wishes.aSiC().setContainerType(ASiCContainerType.ASiC_E);
            wishes.setSignatureLevel(wanted);
            raised = service.extendDocument(new FileDocument(file), wishes);
        }
        raised.save(out.getPath());
    }
}
