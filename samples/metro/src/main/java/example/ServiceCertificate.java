package example;

import java.security.cert.X509Certificate;
import java.util.Map;

import com.sun.xml.wss.impl.callback.CertificateValidationCallback.CertificateValidationException;
import com.sun.xml.wss.impl.callback.CertificateValidationCallback.CertificateValidator;
import com.sun.xml.wss.impl.callback.ValidatorExtension;

/**
 * Admits exactly one certificate; named in {@code META-INF/wsit-client.xml}.
 *
 * <p>Metro's own validator admits whatever a trust store vouches for: with an authority in it, every certificate of
 * that authority would pass as the service's.
 */
public final class ServiceCertificate implements CertificateValidator, ValidatorExtension {
    /** The key of the request context under which the service's certificate is found. */
    public static final String PINNED = "example.service-certificate";

    private static final ThreadLocal<Object> EXPECTED = new ThreadLocal<>();

    @Override
    public void setRuntimeProperties(Map properties) {
        EXPECTED.set(properties.get(PINNED));
    }

    @Override
    public boolean validate(X509Certificate certificate) throws CertificateValidationException {
        if (!certificate.equals(EXPECTED.get())) {
            throw new CertificateValidationException("this answer is not signed by the service");
        }
        return true;
    }
}
