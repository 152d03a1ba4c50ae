import type { CertificateFacts, Facts } from "../facts.ts";
import { problem, type Problem } from "../problems.ts";
import { namesOf } from "./format.ts";

/** A certificate is named after its file. */
const isAuthority = ({ name }: CertificateFacts) => name.endsWith("-ca");

/** At most one problem per kind: one command renews all certificates. */
export function judgeCertificates({ certificates }: Facts): Problem[] {
  const leaves = certificates.filter((each) => !isAuthority(each));
  const authorities = certificates.filter(isAuthority);
  const hasExpired = ({ daysLeft }: CertificateFacts) => daysLeft < 0;
  const isDue = (each: CertificateFacts) => each.isDue && !hasExpired(each);
  return [
    ...problemOf("certificate-ended", leaves.filter(hasExpired), "bin/pulumi up"),
    ...problemOf("certificate-due", leaves.filter(isDue), "bin/pulumi up"),
    ...problemOf("certificate-ended", authorities.filter(hasExpired), replacement),
    ...problemOf("authority-due", authorities.filter(isDue), replacement),
  ];
}

const replacement = "see “An authority expires” in docs/status.md";

/** @param certificates the first to expire first */
function problemOf(
  kind: "certificate-ended" | "certificate-due" | "authority-due",
  certificates: readonly CertificateFacts[],
  todo: string,
): Problem[] {
  const [first] = certificates;
  if (!first) return [];
  const nodes = [...new Set(certificates.map(({ where }) => where))];
  const { name, where, daysLeft } = first;
  const when = daysLeft < 0 ? "has expired" : daysLeft === 0 ? "expires within a day" : `expires in ${daysLeft} d`;
  const others = certificates.length - 1;
  const what = `${name} of ${where} ${when}${others > 0 ? ` (and ${others} more)` : ""}`;
  return [problem(kind, namesOf(nodes), what, todo)];
}
