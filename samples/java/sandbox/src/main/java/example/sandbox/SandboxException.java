package example.sandbox;

/** The sandbox has refused, or does not answer: a code for programs, and what it says to people. */
public final class SandboxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String code;

    SandboxException(String code, String detail) {
        super(code + ": " + detail);
        this.code = code;
    }

    SandboxException(String code, String detail, Throwable cause) {
        super(code + ": " + detail, cause);
        this.code = code;
    }

    /** Such as NOT_REACHED or SCENARIO_UNKNOWN; UNREACHABLE where nobody answered. */
    public String code() {
        return code;
    }
}
