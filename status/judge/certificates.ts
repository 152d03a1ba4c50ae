import type { CertificateFacts, Facts } from "../facts.ts";
import { problem, type Problem } from "../problems.ts";
import { namesOf } from "./words.ts";

/** Named by its file, as `bin/report` finds it. */
const isAuthority = ({ name }: CertificateFacts) => name.endsWith("-ca");

/** A node's certificates are renewed together, so there is one problem for all of them. */
export function judgeCertificates({ certificates }: Facts): Problem[] {
  const leaves = certificates.filter((each) => !isAuthority(each));
  const authorities = certificates.filter(isAuthority);
  const hasEnded = ({ daysLeft }: CertificateFacts) => daysLeft < 0;
  const isDue = (each: CertificateFacts) => each.isDue && !hasEnded(each);
  return [
    ...said("certificate-ended", leaves.filter(hasEnded), "bin/pulumi up"),
    ...said("certificate-due", leaves.filter(isDue), "bin/pulumi up"),
    ...said("certificate-ended", authorities.filter(hasEnded), replacement),
    ...said("authority-due", authorities.filter(isDue), replacement),
  ];
}

const replacement = "as docs/status.md says under “An authority ends”";

/** @param certificates the soonest to end first */
function said(
  kind: "certificate-ended" | "certificate-due" | "authority-due",
  certificates: readonly CertificateFacts[],
  todo: string,
): Problem[] {
  const [soonest] = certificates;
  if (!soonest) return [];
  const where = [...new Set(certificates.map((each) => each.where))];
  const { name, daysLeft } = soonest;
  const when = daysLeft < 0 ? "has ended" : daysLeft === 0 ? "ends within a day" : `ends in ${daysLeft} d`;
  const others = certificates.length - 1;
  return [
    problem(
      kind,
      namesOf(where),
      `${name} of ${soonest.where} ${when}${others > 0 ? `, ${others} others after it` : ""}`,
      todo,
    ),
  ];
}
