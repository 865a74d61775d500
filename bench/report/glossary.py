"""The words of the page, each explained once in a sentence or two."""

ENTRIES: tuple[tuple[str, str], ...] = (
    (
        "GIL",
        "The global interpreter lock: in an ordinary build of CPython only the thread that holds it runs Python code.",
    ),
    (
        "Free-threaded build",
        "A build of CPython without the GIL, marked t (3.14t). An import can switch it on again; the page says so.",
    ),
    ("Executor", "What runs tasks elsewhere: threads, processes or interpreters, all with the same interface."),
    (
        "Fork, forkserver, spawn",
        "Three ways to start a process: a copy of the parent; a copy of a small server; a new Python from nothing.",
    ),
    ("Interpreter", "A second Python within the same process, with a GIL of its own (Python 3.14 and later)."),
    ("Worker", "A thread, a process or an interpreter that runs tasks of an executor."),
    ("Serial", "A plain loop in the calling thread: what every speed-up here is measured against."),
    ("Payload", "What is sent to a worker and back: bytes, an array, a list, a dictionary, objects."),
    ("Round trip", "A payload sent to a warm worker, which sends it back: pickled, moved and unpickled twice."),
    (
        "Exchange",
        "A payload sent to a warm worker, which sends one of its own: shared memory cannot go back as it came.",
    ),
    ("Pickle", "Python's way to turn objects into bytes and back, which all executors but threads need."),
    ("Out of band", "Pickling with large buffers beside the stream instead of copied into it (protocol 5)."),
    ("memcpy", "One copy of as many bytes within memory: the least that moving them could cost on that machine."),
    (
        "Warm, cold",
        "Warm: every worker has run something before the clock starts. Cold: the clock includes starting them.",
    ),
    ("Round", "One timed call, or so many that their time can be read. A round of what it is compared with follows."),
    (
        "Speed-up, slowdown",
        "A ratio of two times, always told as a factor of one or more: 1.86x faster, 1.02x slower.",
    ),
    (
        "95% interval",
        "What this run leaves open for a figure. If that of a ratio holds 1x, which is faster is not decided.",
    ),
    (
        "Efficiency",
        "Serial time divided by workers times time: 1 is a worker's full worth from each worker.",
    ),
    (
        "GIL contention",
        "How much of the others' time each of N threads loses: 0 is none, 1 is one thread at a time, above 1 is worse.",
    ),
    (
        "Universal Scalability Law",
        "A model of speed-up with two losses: waiting for what is shared, and agreeing on it.",
    ),
    ("Dispatch", "Handing a task to a worker and taking back its result, with nothing to do in between."),
    ("METG(50%)", "The shortest task with which a pool still does half of the work that it ideally could."),
    ("Break-even", "The task time, or the payload size, at which a pool takes as long as a plain loop."),
    ("Switch interval", "How long a thread may hold the GIL while another waits for it: 5 ms unless set otherwise."),
    ("Hog", "A thread that computes without a pause."),
    (
        "Side by side",
        "Measured in turn, round by round, on the same cores. Runs at different times are not, and the page says so.",
    ),
    (
        "Free-threading tax",
        "What one thread's work takes longer on a free-threaded build than on the ordinary one of the same version.",
    ),
    ("Generation", "A set of fresh processes, one for each of the Pythons that are compared."),
)
