package peers;

import java.util.concurrent.atomic.AtomicBoolean;

/** The line that tells the bench that fetching begins. */
final class Ready {
    private static final AtomicBoolean SAID = new AtomicBoolean();

    private Ready() {}

    /** Says so once, however many threads begin. */
    static void say() {
        if (SAID.compareAndSet(false, true)) {
            System.out.println("READY");
            System.out.flush();
        }
    }
}
