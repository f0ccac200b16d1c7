import { z } from 'zod';
import { byName, namesAreUnique } from './by-name.ts';
import { conditions } from './condition.ts';
import { apiVersion } from './group.ts';
import { metadata, type Stored } from './metadata.ts';
import { absolutePath, duration, modelName, objectName, resourceAmount, timestamp, withoutDots } from './primitives.ts';
import { rule } from './rule.ts';

/** uid and gid of the sidecar's proxy process: nobody else in a pod may be it, the packet fence would let them out. */
const sidecarId = 1337;
const agentId = rule(
  z.int().min(1).max(2_147_483_647),
  `self != ${sidecarId}`,
  `${sidecarId} is the sidecar's own id; choose another, for example 1000`,
  value => value !== sidecarId,
);

const writablePath = withoutDots(
  z
    .string()
    .max(512)
    .regex(/^\/(sandbox|tmp)(\/[^/:\p{Cc}]+)*$/u),
);

/** Devices are asked for as `gpu`, which a person approves; no other field may bring them in. */
const resourceList = rule(
  z.record(z.string().max(253), resourceAmount).meta({ maxProperties: 16 }),
  "self.all(name, name in ['cpu', 'memory', 'ephemeral-storage'] || name.startsWith('hugepages-'))",
  'only cpu, memory, ephemeral-storage and hugepages-SIZE; for a GPU set spec.gpu, which a person approves',
  value => Object.keys(value).every(name => /^(cpu|memory|ephemeral-storage|hugepages-.*)$/.test(name)),
);

/** NVIDIA's container runtime hands out devices for them, whatever the device plugin says; NVIDIA_API_KEY is none of these. */
const deviceVariables =
  '^NVIDIA_(VISIBLE_DEVICES|DRIVER_CAPABILITIES|REQUIRE_.*|DISABLE_REQUIRE|MIG_.*|IMEX_CHANNELS|GDS|GDRCOPY|MOFED|NVSWITCH)$';
const env = rule(
  z.strictObject({
    name: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
    value: z.string().max(32_768).exactOptional(),
  }),
  `!self.name.matches('${deviceVariables}')`,
  'a variable that makes the container runtime hand out devices; set spec.gpu, which a person approves',
  ({ name }) => !new RegExp(deviceVariables).test(name),
);

const file = z.strictObject({
  configMap: z.strictObject({ name: objectName }).describe('ConfigMap in the same namespace; each key becomes a file.'),
  path: withoutDots(
    z
      .string()
      .max(512)
      .regex(/^\/sandbox(\/[^/:\p{Cc}]+)+$/u),
  ).describe('Folder below /sandbox where the files appear, read-only.'),
});

const workspace = rule(
  z.strictObject({
    size: resourceAmount
      .exactOptional()
      .describe('Size of the PersistentVolumeClaim behind /sandbox (default 2Gi). Restart.'),
    storageClassName: objectName.exactOptional().describe("StorageClass (default: the cluster's). Cannot be changed."),
    ephemeral: z.boolean().exactOptional().describe('True: /sandbox is an emptyDir and ends with the pod.'),
    onDelete: z
      .enum(['Delete', 'Retain'])
      .exactOptional()
      .describe('What becomes of the claim when the Sandbox is deleted (default Delete). Hot.'),
  }),
  '!(has(self.ephemeral) && self.ephemeral && has(self.storageClassName))',
  'an ephemeral workspace has no storage class; remove storageClassName or ephemeral',
  value => !(value.ephemeral && value.storageClassName !== undefined),
);

const egress = rule(
  z.strictObject({
    topology: z
      .enum(['Sidecar', 'Paired'])
      .exactOptional()
      .describe('Where the proxy runs (default Sidecar; Paired is not in this version). Restart.'),
    onUnlisted: z
      .enum(['Ask', 'Deny'])
      .exactOptional()
      .describe('Whether a host that no policy lists is put before a person (default Ask) or refused. Hot.'),
    hold: duration
      .exactOptional()
      .describe('How long an unlisted connection waits for a decision instead of failing at once (default 0s). Hot.'),
    identity: z
      .enum(['Process', 'None'])
      .exactOptional()
      .describe('Whether the requesting binary is found and shown (default Process). Restart.'),
  }),
  "!(has(self.topology) && self.topology == 'Paired' && (!has(self.identity) || self.identity == 'Process'))",
  'topology Paired cannot see processes; set identity: None',
  value => !(value.topology === 'Paired' && (value.identity ?? 'Process') === 'Process'),
);

const specFields = z.strictObject({
  image: z
    .string()
    .min(1)
    .max(512)
    .regex(/^[^\p{Z}\p{Cc}]+$/u)
    .describe("The agent's container image. Restart."),
  command: z
    .array(z.string().max(4096))
    .max(64)
    .exactOptional()
    .describe('What to run; absent: the sandbox is held open and agents run by `kubectl creel connect`. Restart.'),
  args: z.array(z.string().max(4096)).max(256).exactOptional().describe('Arguments of command. Restart.'),
  env: z
    .array(env)
    .max(128)
    .refine(namesAreUnique, 'two variables have the same name')
    .meta(byName)
    .exactOptional()
    .describe('Literal environment variables, never from Secrets. Restart.'),
  workingDir: rule(
    withoutDots(absolutePath),
    "!self.startsWith('/proc')",
    'must not lie under /proc; use /sandbox',
    value => !value.startsWith('/proc'),
  )
    .exactOptional()
    .describe('Working directory (default /sandbox). Restart.'),
  resources: z
    .strictObject({ requests: resourceList.exactOptional(), limits: resourceList.exactOptional() })
    .exactOptional()
    .describe("The agent container's resources. Restart."),
  imagePullSecrets: z
    .array(z.strictObject({ name: objectName }))
    .max(8)
    .exactOptional()
    .describe('Secrets for pulling image. Restart.'),
  files: z
    .array(file)
    .max(32)
    .exactOptional()
    .describe('Read-only files from ConfigMaps, never from Secrets. Restart.'),
  user: z
    .strictObject({ uid: agentId.exactOptional(), gid: agentId.exactOptional() })
    .exactOptional()
    .describe('Who the agent is (default 1000:1000); never 0 nor the sidecar. Restart.'),
  workspace: workspace.exactOptional().describe('The volume behind /sandbox.'),
  filesystem: z
    .strictObject({
      readWrite: z
        .array(writablePath)
        .min(1)
        .max(16)
        .exactOptional()
        .describe(
          'Writable folders, at or below /sandbox and /tmp (default both); made where they are not there. Restart.',
        ),
      landlock: z
        .enum(['BestEffort', 'Required'])
        .exactOptional()
        .describe('Whether a node without Landlock runs the agent and says so (default), or refuses. Restart.'),
    })
    .exactOptional()
    .describe('Where the agent may write.'),
  process: z
    .strictObject({
      seccomp: z.enum(['RuntimeDefault', 'Localhost']).exactOptional().describe('Default RuntimeDefault. Restart.'),
      appArmor: z
        .enum(['Auto', 'RuntimeDefault', 'Localhost'])
        .exactOptional()
        .describe('Default Auto: the field is unset. Restart.'),
      userNamespace: z.enum(['Auto', 'Required', 'Off']).exactOptional().describe('Default Auto. Restart.'),
    })
    .exactOptional()
    .describe('What the agent may ask of the kernel.'),
  egress: egress
    .exactOptional()
    .describe('What happens to connections that no policy lists, and how they are watched.'),
  inference: z
    .strictObject({
      profile: objectName.describe('InferenceProfile in the same namespace. Hot.'),
      model: modelName.exactOptional().describe("One of the profile's models (default: its model). Hot."),
    })
    .exactOptional()
    .describe("Which model the agent talks to; absent: the namespace's default profile, or none."),
  gpu: z
    .strictObject({
      count: z.int().min(1).max(16).exactOptional().describe('Default 1. Restart.'),
      resource: z
        .string()
        .max(253)
        .regex(/^[a-z0-9.-]+\/[A-Za-z0-9_.-]+$/)
        .exactOptional()
        .describe('Extended resource (default nvidia.com/gpu). Restart.'),
    })
    .exactOptional()
    .describe('GPUs: no pod exists until an ApprovalRequest of type GPU is approved.'),
  placement: z
    .strictObject({
      nodeSelector: z.record(z.string().max(317), z.string().max(63)).meta({ maxProperties: 16 }).exactOptional(),
      tolerations: z
        .array(
          z.strictObject({
            key: z.string().max(317).exactOptional(),
            operator: z.enum(['Exists', 'Equal']).exactOptional(),
            value: z.string().max(63).exactOptional(),
            effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).exactOptional(),
            tolerationSeconds: z.int().min(0).exactOptional(),
          }),
        )
        .max(16)
        .exactOptional(),
      runtimeClassName: objectName.exactOptional(),
      priorityClassName: objectName.exactOptional(),
    })
    .exactOptional()
    .describe('Where the pod may run. Restart.'),
  lifecycle: z
    .strictObject({
      suspend: z.boolean().exactOptional().describe('True: no pod; the workspace is kept. Hot.'),
      restart: z
        .enum(['Always', 'OnFailure', 'Never'])
        .exactOptional()
        .describe('When the command is run again (default Always).'),
      expiresAfter: duration.exactOptional().describe('Age at which onExpiry happens. Hot.'),
      idleAfter: duration
        .exactOptional()
        .describe('Time without a connection or session after which it is suspended. No effect in this version.'),
      onExpiry: z.enum(['Suspend', 'Delete']).exactOptional().describe('Default Suspend. Hot.'),
      update: z
        .enum(['Manual', 'WhenIdle'])
        .exactOptional()
        .describe(
          'When a change that needs a new pod is carried out: Manual (default), at the next resume. WhenIdle has no effect yet.',
        ),
    })
    .exactOptional(),
});

const spec = rule(
  specFields,
  "!(has(self.gpu) && has(self.env) && self.env.exists(e, e.name == 'LD_PRELOAD'))",
  'env LD_PRELOAD reaches into the hook that gives a container its GPU (CVE-2025-23266); set it in the command, or remove spec.gpu',
  ({ gpu, env: variables }) => gpu === undefined || !variables?.some(({ name }) => name === 'LD_PRELOAD'),
);

const status = z.strictObject({
  observedGeneration: z.int().exactOptional(),
  phase: z
    .enum(['Pending', 'AwaitingApproval', 'Starting', 'Running', 'Suspended', 'Completed', 'Failed', 'Terminating'])
    .exactOptional(),
  conditions: conditions.exactOptional(),
  policy: z
    .strictObject({
      revision: z.string().max(64).exactOptional().describe('Newest revision compiled for this sandbox.'),
      enforcedRevision: z.string().max(64).exactOptional().describe('Newest revision its sidecar has acknowledged.'),
      rules: z.int().exactOptional(),
      grants: z.int().exactOptional(),
    })
    .exactOptional(),
  inference: z
    .strictObject({
      profile: z.string().max(253).exactOptional(),
      model: z.string().max(256).exactOptional(),
      requests: z.int().exactOptional(),
      tokens: z.int().exactOptional(),
    })
    .exactOptional(),
  pending: z.int().exactOptional().describe('ApprovalRequests that wait for a decision.'),
  pod: z.string().max(253).exactOptional(),
  podUid: z
    .string()
    .max(64)
    .exactOptional()
    .describe('The pod the operator made: no other one is believed to be this sandbox.'),
  sidecar: z
    .strictObject({ image: z.string().max(512).exactOptional(), outdated: z.boolean().exactOptional() })
    .exactOptional(),
  exitCode: z.int().exactOptional(),
  startedAt: timestamp.exactOptional(),
});

/** `csb-<name>` must be a label (63): it is the pod's name and hostname. */
const maxNameLength = 59;

export const sandboxSchema = rule(
  z.strictObject({
    apiVersion: z.literal(apiVersion),
    kind: z.literal('Sandbox'),
    metadata,
    spec,
    status: status.exactOptional(),
  }),
  `self.metadata.name.size() <= ${maxNameLength}`,
  `metadata.name is too long: at most ${maxNameLength} characters, because the pod is named csb-NAME`,
  ({ metadata: { name } }) => name.length <= maxNameLength,
);
export type Sandbox = Stored<z.infer<typeof sandboxSchema>>;
