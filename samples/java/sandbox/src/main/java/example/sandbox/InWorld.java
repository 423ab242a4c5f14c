package example.sandbox;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** How the world of a test is made, where it is not to be empty. */
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
public @interface InWorld {
    /** How many notifications it begins with. */
    int notifications() default 0;

    /** The same seed gives the same identifiers, codes and documents. */
    int seed() default 7;

    /** The scenario that is played first; none. */
    String scenario() default "";
}
