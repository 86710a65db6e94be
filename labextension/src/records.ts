/**
 * The records that the server answers with: same names and units as in Python, where they are described
 * (`model.py`, `server/views.py`). Written by `generate_types.py`; don't edit.
 */
export interface IAccess {
  readonly names: readonly string[];
  readonly objects: readonly (readonly [number, number])[];
  readonly parts: { readonly [key: string]: readonly string[] };
  readonly places: readonly string[];
}

export interface IAmbientChange {
  readonly group: string;
  readonly key: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface ICellError {
  readonly name: string;
  readonly message: string;
}

export interface ICellExecution {
  readonly session: string;
  readonly ordinal: number;
  readonly execution_count: number | null;
  readonly cell_id: string | null;
  readonly source: string;
  readonly status: 'running' | 'ok' | 'error' | 'interrupted' | 'lost' | 'unobserved';
  readonly started: string | null;
  readonly duration: number | null;
  readonly peak_memory: number | null;
  readonly error: ICellError | null;
  readonly answers: readonly string[];
  readonly outputs: readonly IOutput[];
  readonly outputs_json: string | null;
  readonly outputs_object: string | null;
  readonly reads: IAccess;
  readonly writes: IAccess;
  readonly words: readonly string[];
  readonly names_read: readonly string[];
  readonly bound: readonly string[];
  readonly rebound: readonly string[];
  readonly deleted: readonly string[];
  readonly mutated: readonly string[];
  readonly values: { readonly [key: string]: IValue };
  readonly files: readonly IFileAccess[];
  readonly random: readonly IRandomState[];
  readonly entropy: readonly IEntropy[];
  readonly ambient: readonly IAmbientChange[];
  readonly remote: readonly IRemoteRead[];
  readonly queries: readonly IQuery[];
  readonly modules: readonly string[];
  readonly fits: readonly IFit[];
  readonly late: ILate | null;
  readonly synchronises: boolean;
  readonly shifts: boolean;
  readonly incomplete: string | null;
}

export interface ICheck {
  readonly subject: string;
  readonly verdict: 'identical' | 'equivalent' | 'different' | 'missing';
  readonly tolerance: string | null;
  readonly expected: string | null;
  readonly found: string | null;
  readonly ordinal: number | null;
}

export interface IChoice {
  readonly kind: 'expression' | 'output' | 'file';
  readonly value: string;
  readonly detail: string;
}

export interface IChoices {
  readonly choices: readonly IChoice[];
  readonly default: readonly ITarget[];
}

export interface IDataFile {
  readonly path: string;
  readonly state: 'unchanged' | 'changed' | 'removed' | 'added' | 'unknown';
  readonly reason: string;
  readonly size: number | null;
  readonly digest: string | null;
  readonly read_by: readonly number[];
  readonly written_by: readonly number[];
  readonly kept: boolean;
}

export interface IDataView {
  readonly files: readonly IDataFile[];
  readonly total: number;
  readonly counts: { readonly [key: string]: number };
  readonly folders: { readonly [key: string]: { readonly [key: string]: number } };
  readonly unknown: { readonly [key: string]: string };
}

export interface IDetail {
  readonly execution: ICellExecution;
  readonly difference: readonly ILine[];
  readonly deleted: boolean;
}

export interface IDivergence {
  readonly ordinal: number;
  readonly cause: string;
  readonly evidence: readonly string[];
}

export interface IEntropy {
  readonly source: string;
  readonly module: string;
  readonly count: number;
}

export interface IEnvironment {
  readonly python: string;
  readonly implementation: string;
  readonly platform: string;
  readonly machine: string;
  readonly cpu: string | null;
  readonly cpu_count: number | null;
  readonly gpu: readonly string[];
  readonly usable_cpus: number | null;
  readonly threads: { readonly [key: string]: string };
  readonly hash_seed: string | null;
  readonly timezone: string | null;
  readonly distributions: { readonly [key: string]: string };
  readonly environment_names: readonly string[];
  readonly environment_digests: { readonly [key: string]: string };
}

export interface IExportRequest {
  readonly session: string;
  readonly targets: readonly string[];
  readonly cells: readonly number[];
  readonly files: readonly string[];
  readonly parameters: readonly string[] | null;
  readonly name: string | null;
  readonly proof: boolean;
}

export interface IFileAccess {
  readonly path: string;
  readonly mode: 'read' | 'write' | 'read+write' | 'delete' | 'list';
  readonly digest: string | null;
  readonly size: number | null;
  readonly mtime: number | null;
  readonly by: 'kernel' | 'child' | 'unattributed';
  readonly seen: string;
  readonly changed: boolean;
  readonly manifest: string | null;
  readonly count: number | null;
}

export interface IFinding {
  readonly kind: 'edited' | 'stale' | 'deleted' | 'random' | 'file' | 'package' | 'nondeterminism' | 'incomplete';
  readonly sentence: string;
  readonly action: string;
  readonly ordinal: number | null;
}

export interface IFit {
  readonly library: 'keras' | 'sklearn' | 'torch';
  readonly model: string;
  readonly seen: 'call' | 'border';
  readonly name: string | null;
  readonly calls: number;
  readonly optimizer: string | null;
  readonly epochs: number | null;
  readonly planned: number | null;
  readonly steps: number | null;
  readonly metrics: { readonly [key: string]: readonly (number | null)[] };
  readonly parameters: { readonly [key: string]: string };
  readonly initial: string | null;
  readonly final: string | null;
  readonly size: number;
  readonly sampled: boolean;
  readonly error: string | null;
}

export interface IGitState {
  readonly commit: string;
  readonly branch: string | null;
  readonly dirty: boolean;
  readonly diff: string | null;
  readonly untracked: readonly string[];
}

export interface IJob {
  readonly id: string;
  readonly notebook: string;
  readonly request: IExportRequest;
  readonly status: 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'lost';
  readonly created: string;
  readonly folder: string;
  readonly ended: string | null;
  readonly log: readonly string[];
  readonly error: string | null;
  readonly verdict: 'proven' | 'not proven' | 'unproven' | null;
  readonly exported: string | null;
  readonly verification: IVerification | null;
  readonly pid: number | null;
  readonly born: number | null;
}

export interface ILate {
  readonly owner: number;
  readonly writes: IAccess;
}

export interface ILayers {
  readonly layer: string;
  readonly unseen: string;
  readonly warnings: readonly string[];
}

export interface ILine {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

export interface IListed {
  readonly session: ISession;
  readonly executions: number;
  readonly problems: readonly string[];
  readonly state: 'recording' | 'stopped' | 'lost' | 'unreadable';
}

export interface IModule {
  readonly name: string;
  readonly path: string;
  readonly digest: string;
  readonly tracked: boolean | null;
}

export interface IOutput {
  readonly kind: 'stream' | 'display_data' | 'execute_result' | 'error';
  readonly name: string | null;
  readonly data: { readonly [key: string]: string };
  readonly text: string | null;
}

export interface IOverview {
  readonly session: ISession;
  readonly state: 'recording' | 'stopped' | 'lost';
  readonly version: string;
  readonly executions: number;
  readonly failed: number;
  readonly stale: number;
  readonly duration: number;
  readonly problems: readonly string[];
}

export interface IPackage {
  readonly name: string;
  readonly version: string;
  readonly before: string | null;
  readonly now: string | null;
}

export interface IParameter {
  readonly name: string;
  readonly default: string;
  readonly inferred_type_name: string;
  readonly help: string;
  readonly ordinal: number | null;
}

export interface IPreview {
  readonly targets: readonly ITarget[];
  readonly executions: readonly IStaying[];
  readonly parameters: readonly IParameter[];
}

export interface IQuery {
  readonly text: string;
  readonly database: string | null;
  readonly is_remote: boolean;
  readonly count: number;
  readonly rows: number | null;
  readonly digest: string | null;
  readonly seen: string;
}

export interface IRandomState {
  readonly library: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly seed: number | null;
  readonly stream: number | null;
  readonly object: string | null;
}

export interface IRemoteRead {
  readonly url: string;
  readonly method: string;
  readonly status: number | null;
  readonly digest: string | null;
  readonly size: number | null;
  readonly complete: boolean;
  readonly etag: string | null;
  readonly modified: string | null;
  readonly range: string | null;
  readonly encoding: string | null;
  readonly seen: string;
}

export interface IRow {
  readonly ordinal: number;
  readonly execution_count: number | null;
  readonly cell_id: string | null;
  readonly line: string;
  readonly status: 'running' | 'ok' | 'error' | 'interrupted' | 'lost' | 'unobserved';
  readonly started: string | null;
  readonly duration: number | null;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly files_read: readonly string[];
  readonly files_written: readonly string[];
  readonly random: readonly string[];
  readonly outside: readonly string[];
  readonly stale: readonly string[];
  readonly deleted: boolean;
  readonly edited: boolean;
}

export interface IRun {
  readonly id: string;
  readonly pipeline: string;
  readonly status: 'running' | 'ok' | 'failed' | 'killed';
  readonly started: string;
  readonly duration: number | null;
  readonly parameters: { readonly [key: string]: string };
  readonly clock: 'real' | 'recorded';
  readonly notebook: string | null;
  readonly error: string | null;
  readonly pid: number | null;
  readonly outs: readonly IFileAccess[];
}

export interface ISession {
  readonly id: string;
  readonly notebook: string | null;
  readonly started: string;
  readonly cwd: string;
  readonly kernel: string;
  readonly pid: number;
  readonly seed: number | null;
  readonly seed_given: boolean;
  readonly deterministic: boolean;
  readonly environment: IEnvironment | null;
  readonly git: IGitState | null;
  readonly modules: readonly IModule[];
  readonly stopped: string | null;
  readonly incomplete: string | null;
}

export interface IStaying {
  readonly ordinal: number;
  readonly cell_id: string | null;
  readonly line: string;
  readonly reason: string | null;
}

export interface IStream {
  readonly library: string;
  readonly seeded_by: 'session' | 'user';
  readonly ordinals: readonly number[];
}

export interface ISurroundings {
  readonly seed: number | null;
  readonly seed_given: boolean;
  readonly deterministic: boolean;
  readonly streams: readonly IStream[];
  readonly entropy: readonly IEntropy[];
  readonly python: string | null;
  readonly platform: string | null;
  readonly cpu: string | null;
  readonly threads: { readonly [key: string]: string };
  readonly usable_cpus: number | null;
  readonly git: IGitState | null;
  readonly packages: readonly IPackage[];
  readonly compared_with: string | null;
  readonly is_here: boolean;
}

export interface ITarget {
  readonly kind: 'expression' | 'output' | 'file';
  readonly text: string;
  readonly ordinal: number | null;
}

export interface ITimeline {
  readonly version: string;
  readonly total: number;
  readonly first: number;
  readonly rows: readonly IRow[];
}

export interface IValue {
  readonly digest: string;
  readonly type: string;
  readonly summary: string;
  readonly exact: boolean;
  readonly content: string | null;
}

export interface IVerification {
  readonly proven: boolean;
  readonly checks: readonly ICheck[];
  readonly started: string;
  readonly duration: number;
  readonly divergence: IDivergence | null;
  readonly changes: readonly string[];
  readonly error: string | null;
  readonly clock: 'real' | 'recorded';
}
