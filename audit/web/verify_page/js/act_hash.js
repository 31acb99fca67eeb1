/* Tagged hashes of log-format section 4: the challenge of an act, of an enrolment, and seals. */
import { hexOf, utf8 } from "./bytes.js";
import { encode } from "./canonical.js";
import { hmacSha256, tagged } from "./sha256.js";

const ACT = utf8("ketamine-audit/act/v1");
const ENROL = utf8("ketamine-audit/enrol/v1");
const SEAL = utf8("ketamine-audit/seal/v1\0");

export const challengeOf = (act, log) => tagged(ACT, encode({ act, log }));

export const enrolmentOf = ({ actor, credential, log, public_key }) =>
  tagged(ENROL, encode({ actor, credential, log, public_key }));

export const sealOf = (key, value) => hexOf(hmacSha256(key, SEAL, encode({ v: value })));
