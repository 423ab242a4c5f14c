import java.io.IOException;

/** Something is not proven to be the service's answer to this request. */
public final class NotVerifiedException extends IOException {
    private static final long serialVersionUID = 1;

    NotVerifiedException(String reason) {
        super(reason);
    }
}
