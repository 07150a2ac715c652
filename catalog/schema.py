"""The tables of the catalog: one Arrow schema each, every column with the sentence that `describe` shows.

A sample is never rewritten. What is learnt about it stands in the other tables, keyed by `sample_id`.
"""

import pyarrow as pa

PART = pa.struct([("type", pa.string()), ("text", pa.string()), ("media_id", pa.string())])
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.list_(PART))]))

ID = pa.string()
WHEN = pa.timestamp("us", tz="UTC")


def _table(**columns: tuple[pa.DataType, str]) -> pa.Schema:
    return pa.schema([pa.field(name, kind, metadata={"description": text}) for name, (kind, text) in columns.items()])


STAGE = (ID, "Fingerprint of the stage that wrote the row; `stages` says which runs share it")

TABLES: dict[str, pa.Schema] = {
    "samples": _table(
        sample_id=(ID, "sha256 of the canonical messages, reply included"),
        prompt_id=(ID, "sha256 of the canonical messages before the last reply"),
        messages=(MESSAGES, "The exchange as structured parts of type text or image"),
        stage_id=STAGE,
    ),
    "occurrences": _table(
        sample_id=(ID, "The sample that was met"),
        source=(pa.string(), "Source slug"),
        file=(pa.string(), "File inside the source, relative to its folder"),
        line=(pa.int64(), "Record number in that file, from 1"),
        source_id=(pa.string(), "The source's own id of the record, where it has one"),
        source_label=(pa.string(), "The source's own label, as written there"),
        source_group=(pa.string(), "The source's own grouping key (intent, behaviour, question), where it has one"),
        stage_id=STAGE,
    ),
    "media": _table(
        media_id=(ID, "sha256 of the file as stored"),
        mime=(pa.string(), "Media type found in the bytes, not taken from the name"),
        width=(pa.int32(), "Pixels"),
        height=(pa.int32(), "Pixels"),
        size=(pa.int64(), "Bytes"),
        text=(pa.string(), "Text known to stand in the picture (its render spec); null where unknown"),
        spec=(pa.string(), "JSON render spec that reproduces the file bit by bit; null for a picture met in a source"),
        stage_id=STAGE,
    ),
    "annotations": _table(
        annotation_id=(ID, "Digest of sample, task, annotator and answer: the same answer is the same row"),
        sample_id=(ID, "The sample that was labelled"),
        task=(pa.string(), "safety, value or knowledge"),
        label=(pa.string(), "One of the task's labels; null where only the binary reading is known"),
        unsafe=(pa.bool_(), "Binary reading of a safety label; null for other tasks and for no answer"),
        category=(pa.string(), "Category of the taxonomy; null where none was given"),
        subcategory=(pa.string(), "Sub-category of the taxonomy (`category/name`); null where none was given"),
        origin=(
            pa.string(),
            "review (our annotators), human or machine (the source's labeller), or construction",
        ),
        annotator=(pa.string(), "Who: a source slug, a transform with version, or a reviewer's name"),
        stage_id=STAGE,
    ),
    "verdicts": _table(
        sample_id=(ID, "The sample that was judged"),
        checkpoint_id=(ID, "The verifier checkpoint"),
        label=(pa.string(), "Most probable label; null where not scored"),
        p_unsafe=(pa.float64(), "Calibrated P(Unsafe); null where not scored"),
        probs=(pa.list_(pa.float64()), "Calibrated probability of each label, in the order of `catalog.labels`"),
        category=(pa.string(), "Most probable harm category; null where not scored"),
        abstained=(pa.bool_(), "True where the verifier gave no score"),
        truncated=(pa.bool_(), "True where the input was longer than the verifier reads"),
        stage_id=STAGE,
    ),
    "judgements": _table(
        sample_id=(ID, "The sample that was judged"),
        judge=(pa.string(), "Who: name@version of the judge, and the model that it asked"),
        task=(pa.string(), "What was asked: safety, unsafe, refusal, value, knowledge, preference or helpfulness"),
        outcome=(
            pa.string(),
            "scored, or why not: ambiguous, unparsed, refused, truncated, not_applicable; failed is in `rejections`",
        ),
        label=(pa.string(), "Its verdict; null where it was not scored"),
        p=(pa.float64(), "Probability of the label that the task is about (Unsafe, good, TRUE); null where not known"),
        probs=(pa.list_(pa.float64()), "Probability of each label of the task; null where the judge gives none"),
        score=(pa.float64(), "A number on the judge's own scale; null for judges that give labels"),
        categories=(pa.list_(pa.string()), "Categories of our taxonomy that it named"),
        refusal=(pa.bool_(), "Whether it says that the reply declines; null where it does not say"),
        reason=(pa.string(), "One word: why there is no score, or what to mind about it"),
        stage_id=STAGE,
    ),
    "rejections": _table(
        sample_id=(ID, "The rejected sample; null where the record could not be read as one"),
        stage=(pa.string(), "Name of the stage that rejected it"),
        reason=(pa.string(), "Why, as one word"),
        detail=(pa.string(), "What was found and what was expected; never the text itself"),
        matched_id=(ID, "For a duplicate: the sample that was kept"),
        similarity=(pa.float64(), "For a duplicate: Jaccard similarity to the kept sample, 0 to 1"),
        source=(pa.string(), "Source slug"),
        file=(pa.string(), "File inside the source"),
        line=(pa.int64(), "Record number in that file, from 1"),
        stage_id=STAGE,
    ),
    "skipped": _table(
        sample_id=(ID, "A row that stayed and of which something was not made"),
        stage=(pa.string(), "Name of the stage that left it alone"),
        relation=(pa.string(), "What was not made: name@version of a transform, or `derive` for anything at all"),
        reason=(pa.string(), "Why it does not apply, as one word"),
        stage_id=STAGE,
    ),
    "clusters": _table(
        sample_id=(ID, "Member"),
        cluster_id=(ID, "Smallest prompt_id of the cluster: rows that must stay on one side of a split"),
        stage_id=STAGE,
    ),
    "pictures": _table(
        media_id=(ID, "The picture"),
        pixels=(ID, "XXH3 (128 bits) of size and RGB of the upright picture; null where it cannot be opened"),
        hash=(pa.binary(), "Perceptual hash of 256 bits of the whole picture"),
        inner=(pa.binary(), "The same of what lies inside even borders"),
        informative=(pa.bool_(), "False for a flat picture, whose hash says nothing"),
        text=(pa.string(), "Text that stands in it: of its render spec, or read in it where that was asked for"),
        reason=(pa.string(), "Why it cannot be opened; null where it can"),
        stage_id=STAGE,
    ),
    "label_conflicts": _table(
        sample_id=(ID, "A copy whose label contradicts that of the copy that is preferred"),
        task=(pa.string(), "safety, value or knowledge"),
        label=(pa.string(), "What it says"),
        unsafe=(pa.bool_(), "Its binary reading"),
        matched_id=(ID, "The copy that is preferred; the same id where one sample was met twice"),
        matched_label=(pa.string(), "What that one says"),
        matched_unsafe=(pa.bool_(), "Its binary reading"),
        source=(pa.string(), "Source slug of the copy that contradicts"),
        file=(pa.string(), "File inside the source"),
        line=(pa.int64(), "Record number in that file, from 1"),
        stage_id=STAGE,
    ),
    "signals": _table(
        release_id=(ID, "Release among whose rows it was measured"),
        sample_id=(ID, "The sample"),
        task=(pa.string(), "safety, value or knowledge: the label that `label_noise` is about"),
        cluster_size=(pa.int64(), "Rows of the release in its prompt cluster, itself included"),
        nearest_id=(ID, "Closest other sample of the release by cosine of embeddings; null where it is alone"),
        nearest=(pa.float64(), "That cosine, -1 to 1"),
        difficulty=(
            pa.float64(),
            "0 easy to 1 hard: 1 - |2p - 1|, p the share of wrong rollouts, else P(unsafe); null where unknown",
        ),
        difficulty_from=(pa.string(), "rollouts or verdict; null where difficulty is"),
        neighbour_noise=(
            pa.float64(),
            "Share of the nearest rows, by similarity, whose label differs; null without labelled ones",
        ),
        verdict_noise=(
            pa.float64(),
            "1 - P(its label) of a verifier that did not train on it; null where there is none",
        ),
        label_noise=(
            pa.float64(),
            "0 to 1, how likely its label is wrong: mean of the two that are known; null where neither is",
        ),
        refusal=(
            pa.string(),
            "Whether its reply declines: plain, then_answers or none; null without a reply in English or Chinese",
        ),
        toxicity=(
            pa.float64(),
            "Share of the words of its reply that a lexicon holds; null without a reply in English or Chinese",
        ),
        cut_off=(
            pa.bool_(),
            "Whether its reply stops in the middle of a sentence; null without a reply in English or Chinese",
        ),
        repeats_prompt=(pa.bool_(), "Whether its reply is its prompt said back; null without a reply"),
        stage_id=STAGE,
    ),
    "lineage": _table(
        child_id=(ID, "What came out: a sample or a checkpoint"),
        parent_id=(
            ID,
            "What it was made from: a sample, checkpoint, release or place in the taxonomy; else generator",
        ),
        relation=(pa.string(), "How: name@version of a transform, `rollout`, `reward`, `trained_on`"),
        seed=(pa.int64(), "Seed of the random state, where one was used"),
        detail=(pa.string(), "JSON: parameters, or the component rewards of a rollout"),
        stage_id=STAGE,
    ),
    "splits": _table(
        sample_id=(ID, "Member"),
        split=(pa.string(), "train, calibration or test"),
        cluster_id=(ID, "The cluster that the split went by"),
        stage_id=STAGE,
    ),
    "sources": _table(
        source=(pa.string(), "Slug"),
        title=(pa.string(), "Name"),
        home=(pa.string(), "Public home"),
        license=(pa.string(), "SPDX expression"),
        tier=(pa.string(), "Access tier: open, or restricted for harmful content"),
        citation=(pa.string(), "How to cite it"),
        digest=(ID, "sha256 over the digests of the files that were read"),
        records=(pa.int64(), "Records met in its files"),
        stage_id=STAGE,
    ),
    "source_files": _table(
        source=(pa.string(), "Slug"),
        file=(pa.string(), "File inside the source, relative to its folder"),
        sha256=(ID, "sha256 of the file, or of what names it for one that is read from a hub"),
        format=(pa.string(), "json, csv, parquet, ...; null for a lookup table"),
        encoding=(pa.string(), "Encoding of a text file, as it was found or named; null for other files"),
        stage_id=STAGE,
    ),
    "notes": _table(
        media_id=(ID, "The picture"),
        note=(pa.string(), "What is odd about it though it was kept, as one word: wrong_suffix, broken_exif, ..."),
        source=(pa.string(), "Source slug"),
        file=(pa.string(), "File inside the source whose record named it"),
        line=(pa.int64(), "Record number in that file, from 1"),
        image=(pa.string(), "Path of the picture inside the source"),
        stage_id=STAGE,
    ),
    "release_rows": _table(
        release_id=(ID, "Digest of the release"),
        sample_id=(ID, "Member"),
        split=(pa.string(), "train, calibration or test"),
        cluster_id=(ID, "Prompt cluster"),
        task=(pa.string(), "safety, value or knowledge"),
        label=(pa.string(), "Label that was chosen among the annotations; null where only the binary reading is known"),
        unsafe=(pa.bool_(), "Binary reading; null for other tasks"),
        category=(pa.string(), "Category of the taxonomy, where known"),
        origin=(pa.string(), "Origin of the chosen annotation"),
        stage_id=STAGE,
    ),
    "checkpoint_metrics": _table(
        checkpoint_id=(ID, "The checkpoint"),
        model=(pa.string(), "verifier, or the baseline measured in the same run"),
        split=(pa.string(), "Split that was measured"),
        slice=(pa.string(), "`all`, or field=value"),
        metric=(pa.string(), "f1, auroc, auprc, ece_before, ece_after, ..."),
        value=(pa.float64(), "The number; null where the slice cannot have one"),
        low=(pa.float64(), "Lower end of the 95% bootstrap interval over clusters"),
        high=(pa.float64(), "Upper end"),
        n=(pa.int64(), "Rows in the slice"),
        positives=(pa.int64(), "Unsafe rows in the slice"),
        stage_id=STAGE,
    ),
    "takedowns": _table(
        sample_id=(ID, "The sample that must leave"),
        reason=(pa.string(), "Why"),
        requested_at=(WHEN, "When it was asked"),
        stage_id=STAGE,
    ),
    "commits": _table(
        seq=(pa.int64(), "1, 2, 3, ... without a gap: the state of the store after this commit"),
        batch_id=(ID, "Fingerprint of the stage that was committed, or the digest of what was"),
        committed_at=(WHEN, "When"),
    ),
    "runs": _table(
        run_id=(ID, "Digest of the recipe and its inputs"),
        name=(pa.string(), "Recipe name"),
        recipe=(pa.string(), "The recipe as JSON"),
        state=(pa.string(), "running, finished or failed"),
        started_at=(WHEN, "First start"),
        finished_at=(WHEN, "End of the last stage; null while it runs"),
    ),
    "stages": _table(
        run_id=(ID, "The run"),
        position=(pa.int32(), "Order within the run, from 0"),
        stage=(pa.string(), "Name"),
        stage_id=(ID, "Fingerprint: config, inputs, code version and model revisions"),
        state=(pa.string(), "waiting, running, finished or failed"),
        rows_in=(pa.int64(), "Rows that entered"),
        rows_out=(pa.int64(), "Rows that left, new ones not counted"),
        rejected=(pa.int64(), "Rows rejected with a reason"),
        failed=(pa.int64(), "Rows that could not be processed"),
        created=(pa.int64(), "Rows made by the stage itself"),
        seconds=(pa.float64(), "Wall time of the execution that wrote it"),
    ),
    "releases": _table(
        release_id=(ID, "Digest over its rows, independent of file layout"),
        name=(
            pa.string(),
            "Name given by the user; one content may have several",
        ),
        rows=(pa.int64(), "Number of rows"),
        created_at=(WHEN, "When it was frozen"),
        added_seq=(pa.int64(), "The commit that brought it"),
    ),
    "checkpoints": _table(
        checkpoint_id=(ID, "Digest over the sha256 of its files"),
        kind=(pa.string(), "verifier or policy"),
        release_id=(ID, "The release it was trained on"),
        path=(pa.string(), "Folder inside the store"),
        created_at=(WHEN, "When it was registered"),
        added_seq=(pa.int64(), "The commit that brought it"),
    ),
}

LEDGER_TABLES = ("commits", "runs", "stages", "releases", "checkpoints")
SEGMENT_TABLES = tuple(name for name in TABLES if name not in LEDGER_TABLES)

# A batch: what a step of the corpus and synth floors takes and gives. One row per occurrence.
BATCH = _table(
    sample_id=(ID, "sha256 of the canonical messages"),
    prompt_id=(ID, "sha256 of the messages before the last reply"),
    messages=(MESSAGES, "The exchange"),
    source=(pa.string(), "Source slug, or the transform that made the row"),
    file=(pa.string(), "File inside the source"),
    line=(pa.int64(), "Record number in that file, from 1"),
    source_id=(pa.string(), "The source's own id"),
    source_label=(pa.string(), "The source's own label"),
    source_group=(pa.string(), "The source's own grouping key"),
    task=(pa.string(), "safety, value or knowledge; null for a row without a label"),
    label=(pa.string(), "One of the task's labels, or null"),
    unsafe=(pa.bool_(), "Binary reading, or null"),
    category=(pa.string(), "Category of the taxonomy, or null"),
    subcategory=(pa.string(), "Sub-category of the taxonomy (`category/name`), or null"),
    origin=(pa.string(), "Origin of the label"),
)


def describe(table: str) -> dict[str, str]:
    """Column names of a table with their descriptions."""
    return {field.name: field.metadata[b"description"].decode() for field in TABLES[table]}
