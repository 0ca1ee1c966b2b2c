import type { NodeMetrics } from "../../pi/schemas/metrics.ts";
import type { Known } from "./overview.ts";

/** How one Pi is doing, as numbers with bars. */

/** Above this the firmware begins to slow a Pi down (Raspberry Pi documentation, "Frequency management and thermal control"). */
const HOT_CELSIUS = 80;
const WARM_CELSIUS = 70;
/** Load above which a bar says so, in percent. */
const BUSY = 90;

const SCALE = 100;

interface BarProps {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  /** From where on it is too much, and nearly so. */
  readonly high: number;
  readonly warm: number;
}

function toneOf({ value, high, warm }: BarProps): "high" | "warm" | "normal" {
  if (value === null || value < warm) return "normal";
  return value < high ? "warm" : "high";
}

const WORDS = { high: "too much", warm: "much" } as const;

function Bar(props: BarProps) {
  const { name, value, unit } = props;
  const tone = toneOf(props);
  const width = Math.max(0, Math.min(SCALE, value ?? 0));
  return (
    <div class={`measure ${tone}`}>
      <dt>{name}</dt>
      <dd>
        {value === null ? "not known" : `${Math.round(value)} ${unit}`}
        {tone === "normal" ? null : <span class="unseen">{`, ${WORDS[tone]}`}</span>}
      </dd>
      <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="4" rx="2" />
        <rect class="fill" width={String(width)} height="4" rx="2" />
      </svg>
    </div>
  );
}

/** Temperature and loads; a sentence where they are not known. */
export function Vitals({ metrics }: { metrics: Known<NodeMetrics> | undefined }) {
  if (metrics === undefined) return <p class="hint">Measured on its own page only.</p>;
  if ("problem" in metrics) return <p class="hint">{metrics.problem}</p>;
  const { temperature_celsius, cpu_usage_percent, memory_usage_percent, disk_usage_percent } = metrics.value;
  return (
    <dl class="measures">
      <Bar name="Temperature" value={temperature_celsius} unit="°C" high={HOT_CELSIUS} warm={WARM_CELSIUS} />
      <Bar name="Processor" value={cpu_usage_percent} unit="%" high={SCALE} warm={BUSY} />
      <Bar name="Memory" value={memory_usage_percent} unit="%" high={SCALE} warm={BUSY} />
      <Bar name="Disk" value={disk_usage_percent} unit="%" high={SCALE} warm={BUSY} />
    </dl>
  );
}
