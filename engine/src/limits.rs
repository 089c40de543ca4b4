//! Every bound of the engine, in one place, with its unit in its name and what happens there.

/// Bytes of one packet record as libpcap and Wireshark accept them. A longer one is damage: the
/// file ends there, with a warning.
pub const RECORD_BYTES_MAX: usize = 262_144;

/// Bytes of one pcapng block (Wireshark's bound). A longer one is damage.
pub const BLOCK_BYTES_MAX: usize = 16 << 20;

/// Interfaces of one pcapng section. One more is damage: the file ends there.
pub const INTERFACES_MAX: usize = 65_536;

/// Bytes of a block of the ring in which the kernel keeps packets of a live capture, and blocks of the ring. Packets that
/// find it full are dropped, and counted.
pub const RING_BLOCK_BYTES: usize = 1 << 20;
pub const RING_BLOCKS: usize = 32;

/// Milliseconds after which the kernel hands over a block that is not full.
pub const RING_BLOCK_MS: u32 = 20;

/// Bytes of a live capture that wait in memory; then they are written.
pub const RECORDED_BYTES_MAX: usize = 1 << 20;

/// Live captures of one label that begin in one minute and one folder. One more is refused.
pub const RECORDINGS_PER_MINUTE_MAX: u32 = 1_000;

/// Bytes of a record of a running capture; a longer one is none.
pub const RUNNING_RECORD_BYTES_MAX: u64 = 1 << 20;

/// Bytes of the command in it, before any of them is escaped, which makes six of one; the rest is cut.
pub const RUNNING_COMMAND_BYTES_MAX: usize = 64 << 10;

/// Bytes of what a child that is to run an application says before it does; the rest is cut.
pub const LAST_WORDS_BYTES_MAX: usize = 4_096;

/// Files of a folder that is followed that are held open; the one that was not read for longest is closed.
pub const FOLLOWED_OPEN_MAX: usize = 32;

/// Bytes of a journal of what was read of a folder, beyond which events before the checkpoints are
/// forgotten.
pub const JOURNAL_BYTES_MAX: u64 = 16 << 20;

/// Bytes of one event in it; a longer line is no event.
pub const JOURNAL_LINE_BYTES_MAX: usize = 16 << 10;

/// Bytes of a chunk: what is read, decoded and sent through the dataflow in one step.
/// Larger ones keep more memory, smaller ones pay for more steps (some 50 µs each).
pub const CHUNK_BYTES: usize = 1 << 20;

/// Packets of a chunk; a position inside a chunk has 16 bits.
pub const CHUNK_PACKETS_MAX: usize = 65_536;

/// Chunks that one worker may have read but not yet seen pass through the flow table.
pub const CHUNKS_IN_FLIGHT_PER_WORKER: usize = 4;

/// Headers inside one another (VLAN tags, labels, tunnels; extension headers of one IP packet) before
/// a packet is `too_deep`.
pub const HEADER_DEPTH_MAX: usize = 16;

/// Shards of the flow table. Part of the results: evictions are per shard.
pub const SHARDS: usize = 256;

/// Open flows, unless `--max-flows` says otherwise. A full shard evicts its oldest sixteenth.
pub const OPEN_FLOWS_MAX: usize = 4 << 20;

/// Flows of the profile `cic` whose source is remembered per shard after they were closed to free
/// memory; the one whose last packet came first is forgotten, and counted.
pub const FLOWS_SET_ASIDE_PER_SHARD_MAX: usize = 16_384;

/// First fragments remembered per shard; the oldest is forgotten.
pub const FRAGMENTS_PER_SHARD_MAX: usize = 256;

/// Nanoseconds of stream clock for which a first fragment is remembered (RFC 8200 allows 60 s;
/// Linux keeps 30 s).
pub const FRAGMENT_LIFE_NS: i64 = 30_000_000_000;

/// Bytes of payload that are kept of each side of a flow for classifiers and names, whatever is asked for.
pub const PAYLOAD_BYTES_PER_SIDE_MAX: usize = 4_096;

/// Those in which names are looked for and which count against the bound of a shard: of the side
/// that was taken for the client first, and of the other, which greets, or was the client after all.
pub const COUNTED_PAYLOAD_BYTES: [usize; 2] = [PAYLOAD_BYTES_PER_SIDE_MAX, 2_048];

/// Packets of a flow in which names are looked for.
pub const NAME_PACKETS_MAX: usize = 32;

/// Flows of a worker that have ended and whose vectors for first bytes are used again, and how much
/// of each side at most: others are freed.
pub const SPARE_FLOWS_MAX: usize = 512;
pub const SPARE_PAYLOAD_BYTES_MAX: usize = 2_048;

/// Pieces of a side's payload that wait for what comes before them; of more, the last in the stream
/// is forgotten.
pub const STREAM_PIECES_MAX: usize = 16;

/// Bytes behind the begin of a side's stream after which what is missing of its begin is not waited
/// for any more.
pub const STREAM_GIVE_UP_BYTES: u32 = 1 << 20;

/// Bytes of payload kept of the open flows of a shard, as far as they count, with the lines of control connections that
/// are not whole yet; of flows that open then none is kept, and they are counted.
pub const PAYLOAD_BYTES_PER_SHARD_MAX: usize = 4 << 20;

/// Names of addresses remembered per shard; what was told first is forgotten.
pub const KNOWN_NAMES_PER_SHARD_MAX: usize = 1_024;

/// Nanoseconds for which a name is remembered at least and at most, whatever the answer says:
/// clients keep short-lived answers longer (browsers a minute, some resolvers five).
pub const KNOWN_NAME_LIFE_MIN_NS: i64 = 300_000_000_000;
pub const KNOWN_NAME_LIFE_MAX_NS: i64 = 86_400_000_000_000;

/// Holes in the bytes of one side of a flow; one more, and the lowest is taken as missed.
pub const HOLES_PER_SIDE_MAX: usize = 16;

/// Letters of a flow's history; further ones are left out.
pub const HISTORY_LETTERS_MAX: usize = 128;

/// Steps of closed flows that may wait for the writer's thread; then the dataflow waits.
pub const STEPS_TO_WRITE_MAX: usize = 4;

/// Closed flows that travel together; a step that closes more has several batches.
pub const FLOWS_PER_BATCH: usize = 512;

/// Bytes of emptied vectors of one kind of record, of all workers together, that keep their memory
/// for the next chunk; others are freed.
pub const SPARE_BYTES_MAX: usize = 64 << 20;

/// Warnings kept for the summary; further ones are only counted.
pub const WARNINGS_MAX: usize = 10_000;

/// Distinct keys of one statistic (clients, servers, ports, names). Further ones are counted together.
pub const STATISTIC_KEYS_MAX: usize = 1 << 20;

/// Questions about a run that wait for the next chunk. One more is refused.
pub const QUESTIONS_MAX: usize = 64;

/// Open flows in the answer to a question (some 700 bytes each): those that began first. Further ones
/// are counted.
pub const ANSWER_FLOWS_MAX: usize = 1 << 17;

/// Bytes of one frame between a server and a child. An answer that is longer is refused, and a longer
/// frame that comes is read over.
pub const FRAME_BYTES_MAX: usize = 256 << 20;

/// Distinct address-port pairs counted exactly by `tractor info`; above, the count is a floor.
pub const UNIQUE_FLOWS_MAX: usize = 1 << 26;

/// Capture files of one run.
pub const FILES_MAX: usize = 1 << 20;

/// Files that `--merge` has open at once: those that overlap at one time. One more is not read,
/// with a problem that names it.
pub const MERGE_FILES_OPEN_MAX: usize = 256;

/// Folders inside one another when a folder is given as input.
pub const FOLDER_DEPTH_MAX: usize = 64;

/// Worker threads.
pub const WORKERS_MAX: usize = 64;

/// Changed keys and flows that opened after which a worker asks for the end of the epoch, when
/// statistics enter the dataflow together.
pub const EPOCH_CHANGES_MAX: usize = 30_000;

/// Rows of a row group of a Parquet file. They are kept encoded until the group is written.
pub const PARQUET_GROUP_ROWS: usize = 65_536;

/// Rows kept as values before they are encoded for a Parquet file: fewer cost time for each column,
/// more cost memory.
pub const PARQUET_BATCH_ROWS: usize = 8_192;

/// Batches of rows that may wait to be encoded; then the writer's thread waits.
pub const PARQUET_BATCHES_MAX: usize = 2;

/// Bytes of the dictionary of a column in a row group of a Parquet file. Later values stand in full:
/// columns with so many are nearly all distinct, and are written faster and smaller so.
pub const PARQUET_DICTIONARY_BYTES: usize = 64 << 10;

/// Packets of each direction in which names are looked for: the flow's first.
pub const PIECES_READ_MAX: usize = 64;

/// Bytes of a client hello that is put together from records or parts; what is beyond is left out.
pub const HELLO_BYTES_MAX: usize = 16 << 10;

/// Parts of a client hello that came apart; further ones are left out.
pub const HELLO_PARTS_MAX: usize = 256;

/// Attempts to open Initial packets of one side of a flow (some 2 µs each).
pub const QUIC_PACKETS_OPENED_MAX: usize = 16;

/// Bytes of a host name, as DNS has it; a longer one is none.
pub const HOST_NAME_BYTES_MAX: usize = 255;

/// Bytes of a database of countries and cities; they are kept in memory. A longer one is not opened.
pub const PLACES_FILE_BYTES_MAX: u64 = 1 << 30;

/// Bytes of the name of a city; a longer one is none.
pub const PLACE_NAME_BYTES_MAX: usize = 255;

/// Bytes of a user agent; the rest is left out.
pub const USER_AGENT_BYTES_MAX: usize = 1024;

/// Bytes of the protocols that a client offers, joined; those that begin later are left out.
pub const ALPN_BYTES_MAX: usize = 256;

/// Addresses taken from one DNS message; further ones are left out.
pub const DNS_ANSWERS_MAX: usize = 64;

/// Aliases of one DNS message that are followed.
pub const DNS_ALIASES_MAX: usize = 16;

/// Files looked at as plugins. One more is refused.
pub const PLUGIN_FILES_MAX: usize = 256;

/// Classifiers of a run, and of one library. One more is refused.
pub const CLASSIFIERS_MAX: usize = 63;

/// Labels of one classifier. One with more is refused.
pub const LABELS_PER_CLASSIFIER_MAX: usize = 4_096;

/// Labels of a run. A classifier for whose labels there is no room is refused.
pub const LABELS_MAX: usize = 65_535;

/// Bytes of the name of a label or of its group. A classifier with a longer one is refused.
pub const LABEL_BYTES_MAX: usize = 63;

/// Bytes of a plugin's id, name, version and columns. One with a longer one is refused.
pub const PLUGIN_NAME_BYTES_MAX: usize = 127;

/// Bytes of a plugin's description, of its messages and of the text of its errors. A longer
/// description is refused, the others are cut.
pub const PLUGIN_TEXT_BYTES_MAX: usize = 1_023;

/// Payload bytes of each direction of a flow that plugins are shown. Who wishes for more is shown so
/// much.
pub const PLUGIN_PAYLOAD_BYTES_MAX: u32 = 4_096;

/// Packets of a flow that plugins are shown one by one. Who wishes for more is shown so many.
pub const PLUGIN_PACKETS_MAX: u32 = 255;

/// Flows shown in one call; more are shown in several.
pub const FLOWS_PER_CALL_MAX: usize = 512;

/// Tags of one classifier for one flow in one call. Further ones are dropped, and counted.
pub const TAGS_PER_FLOW_MAX: usize = 16;

/// Bytes of the evidence of a tag; the rest is cut.
pub const EVIDENCE_BYTES_MAX: usize = 255;

/// Different messages of plugins that are kept; further ones are forgotten.
pub const PLUGIN_MESSAGES_MAX: usize = 100;

/// Seconds that a call of a plugin may last. Whoever watches ends the process of a longer one, and
/// has the work done again without the plugin.
pub const PLUGIN_CALL_S_MAX: u64 = 10;

/// How much of the memory of the machine, or of its container, a process with foreign plugins may
/// allocate; all jobs of a server that run at once, together: so many parts of so many. A process ends
/// when it needs more.
pub const PLUGIN_MEMORY_SHARE: (u64, u64) = (3, 4);

/// Bytes of a name in the file that tells which plugin is inside; the rest is cut.
pub const CALLS_NAME_BYTES_MAX: usize = 4_096;

/// Rows of a block of a stored job: what is in memory before it is encoded, and decoded for a question.
pub const FLOWS_PER_BLOCK: usize = 8_192;

/// Rows that a block may have when it is read: other programs may write larger ones.
pub const FLOWS_OF_BLOCK_MAX: usize = 65_536;

/// Bytes of the dictionary of a column in a block of a stored job, as [`PARQUET_DICTIONARY_BYTES`].
pub const TABLE_DICTIONARY_BYTES: usize = 16 << 10;

/// Bytes of the rows of a block before they are encoded; with long texts a block has fewer rows.
pub const FLOW_BLOCK_BYTES_MAX: usize = 32 << 20;

/// Blocks of rows that may wait to be encoded; then the writer's thread waits.
pub const BLOCKS_TO_WRITE_MAX: usize = 1;

/// Bytes of a segment of a stored job. The next one is begun before.
pub const SEGMENT_BYTES_MAX: u64 = 64 << 20;

/// Segments of a job. One more is refused.
pub const SEGMENTS_MAX: u32 = 999_999;

/// Bytes of the record of a job as JSON; a larger one is refused. A segment keeps room for two, so
/// that where the next one begins does not depend on them.
pub const JOB_RECORD_BYTES_MAX: usize = 1 << 20;

/// Warnings of a job that its record keeps, and bytes of each text there; the rest is cut.
pub const JOB_WARNINGS_MAX: usize = 100;
pub const JOB_TEXT_BYTES_MAX: usize = 1_023;

/// Rows of a block of a stored job's statistics.
pub const STATISTIC_ROWS_PER_BLOCK: usize = 65_536;

/// Bytes that are free on the disk of the index, or it is neither opened nor written to: a full disk
/// breaks it for good.
pub const INDEX_FREE_BYTES_MIN: u64 = 32 << 20;

/// Bytes of the index in memory.
pub const INDEX_CACHE_BYTES: u64 = 64 << 20;

/// Broken indexes that are kept, in case somebody wants to know why; the oldest is removed.
pub const INDEXES_SET_ASIDE_MAX: usize = 2;

/// Findings of a check of a store that are kept; further ones are counted.
pub const FINDINGS_MAX: usize = 1_000;

/// Bytes of a capture's head by which it is told from another one: so many have the header of the file and
/// the time of its first packet.
pub const CAPTURE_HEAD_BYTES: u64 = 512;

/// Files of which a store remembers that they have had their job, and bytes of that. Beyond, those are
/// forgotten that are gone, and those that were written to first.
pub const PROCESSED_FILES_MAX: usize = 65_536;
pub const PROCESSED_BYTES_MAX: usize = 128 << 20;

/// Bytes of a line of a control connection (FTP, SIP, RTSP). A longer one is not read.
pub const CONTROL_LINE_BYTES_MAX: usize = 4_096;

/// Ends of flows that one packet of a control connection announces; further ones are left out.
pub const ANNOUNCED_PER_PACKET_MAX: usize = 64;

/// Nanoseconds of stream clock for which a flow waits for its session: its name may come with its first
/// bytes.
pub const SESSION_WAIT_NS: i64 = 2_000_000_000;

/// Packets of the stream behind its first for which a flow waits for its session at most.
pub const SESSION_WAIT_PACKETS_MAX: u64 = 1 << 18;

/// Nanoseconds of stream clock, since the last of its flows has ended, for which a session takes more.
pub const SESSION_GAP_NS: i64 = 60_000_000_000;

/// Nanoseconds between the begins of flows that are one burst.
pub const SESSION_BURST_NS: i64 = 1_000_000_000;

/// Nanoseconds of stream clock for which a flow that was announced is expected: somebody who is called may
/// let it ring for long.
pub const EXPECTATION_LIFE_NS: i64 = 180_000_000_000;

/// Flows that are expected. Beyond, the one that was announced first is forgotten.
pub const EXPECTATIONS_MAX: usize = 1 << 16;

/// Control connections that have ended and whose announcements may still come true. Beyond, the one that ended first
/// announces nothing more.
pub const ENDED_CONTROLS_MAX: usize = 1 << 18;

/// Sessions without an open flow that may still take some. Beyond, the one that has waited for longest
/// ends.
pub const WAITING_SESSIONS_MAX: usize = 1 << 18;

/// Flows that the row of a session names.
pub const SESSION_FLOWS_TOLD_MAX: usize = 256;

/// Flows for which it is remembered whose session a domain, or a service of a server, led to, since the last
/// flow that was about it.
pub const SESSION_FOUND_FLOWS_MAX: u64 = 1 << 18;
