import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;

/** Who signs: a key and its certificate, from a PKCS #12 file with one entry. */
public record Holder(PrivateKey key, X509Certificate certificate) {
    public static Holder open(Path file, char[] passphrase) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream stream = Files.newInputStream(file)) {
            store.load(stream, passphrase);
        }
        String alias = store.aliases().nextElement();
        return new Holder((PrivateKey) store.getKey(alias, passphrase), (X509Certificate) store.getCertificate(alias));
    }
}
