/**
 * Everything that could grow has its limit here, with its unit. What a caller may pass is checked against these before
 * anything is sent; what Redis holds is trimmed to them by the scripts.
 */

/** Entries in the journal of one partition: what a replica may miss and still catch up without emptying L1. */
export const JOURNAL_LENGTH = 10_000;
/** Entries in one answer to a beat. */
export const BEAT_PAGE = 500;
/** Pages that one round of beats may ask for: the whole journal, and a little for what is added meanwhile. */
export const BEAT_PAGES = 2 + Math.ceil(JOURNAL_LENGTH / BEAT_PAGE);
/** UTF-16 units in a key or tag. */
export const KEY_LENGTH = 256;
/** Keys, and tags, in one mutation. */
export const MUTATION_KEYS = 64;
export const MUTATION_TAGS = 64;
/** Tags on one value. */
export const VALUE_TAGS = 32;
/** UTF-16 units in an encoded value; a larger one is answered but not cached. */
export const PAYLOAD_LENGTH = 1 << 20;
/** Tags whose last invalidation a replica remembers; the oldest make room and raise the floor. */
export const TAG_MAP_ENTRIES = 10_000;
/** Beats whose probe has not been proved yet, remembered by a replica; a relay proves several times a second. */
export const PROBES_KEPT = 64;
/** Epochs that a replica remembers having left. */
export const LEFT_EPOCHS = 64;
/** How often one read or write begins anew because the epoch or the connection changed under it. */
export const RESTARTS = 3;
/** Reads in flight in one process; the next is shed. */
export const READS_IN_FLIGHT = 20_000;
/** Bytes of a client's token. */
export const TOKEN_LENGTH = 2_048;
/** Bytes of a message on the bus that is worth parsing: the largest mutation with its framing. */
export const MESSAGE_LENGTH = (MUTATION_KEYS + MUTATION_TAGS) * (KEY_LENGTH * 6 + 3) + 256;
/** Rows of the outbox in one round of the relay; the next round takes the rest. */
export const RELAY_ROWS = 2_000;
/** How far two clocks of processes may drift apart within S, as a part of it (A3). */
export const DRIFT = 0.01;
/** Partitions of one namespace. */
export const PARTITIONS_MOST = 64;
