/** A small course that we made for the first contact: the archive and the events are both derived from it. */

export const ORG = "MillraceX";
export const COURSE = "WM101";
export const RUN = "2026_Spring";
export const SAMPLE_COURSE_ID = `course-v1:${ORG}+${COURSE}+${RUN}`;

export interface Topic {
  /** Part of every block's name. */
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly videoSeconds: number;
  readonly subtitles: readonly string[];
  readonly question: string;
  readonly right: string;
  readonly wrong: readonly string[];
}

export const TOPICS: readonly Topic[] = [
  {
    id: "river",
    title: "Reading a river",
    text: "A mill begins with a survey: how much water passes in a dry month, and how far does it fall on the way?",
    videoSeconds: 142,
    subtitles: ["Stand on the bank and watch a leaf.", "Its speed and the width tell you the flow."],
    question: "A leaf drifts 20 m in 40 s. How fast is the surface water?",
    right: "0.5 m/s",
    wrong: ["2 m/s", "8 m/s"],
  },
  {
    id: "weir",
    title: "Weir and pond",
    text: "The weir raises the level and the pond behind it stores a night's water for a day's work.",
    videoSeconds: 205,
    subtitles: ["The weir does not make power.", "It only gathers the fall in one place."],
    question: "What does a weir raise?",
    right: "The water level upstream",
    wrong: ["The flow of the river", "The speed of the wheel"],
  },
  {
    id: "race",
    title: "The mill race",
    text: "The race leads water from the pond to the wheel. Too steep, and it scours its bed; too flat, and it silts up.",
    videoSeconds: 178,
    subtitles: ["Head race in, tail race out.", "A gate decides how much passes."],
    question: "Which channel carries the water away from the wheel?",
    right: "The tail race",
    wrong: ["The head race", "The spillway"],
  },
  {
    id: "wheel",
    title: "Three kinds of wheel",
    text: "Overshot wheels use weight, undershot wheels use speed, and breastshot wheels use some of both.",
    videoSeconds: 260,
    subtitles: ["Buckets fill at the top.", "They empty before the bottom, or they carry water uphill."],
    question: "Which wheel suits a high fall and little water?",
    right: "Overshot",
    wrong: ["Undershot", "Floating"],
  },
  {
    id: "gears",
    title: "From wheel to stone",
    text: "A wheel turns slowly, a millstone must not. The pit wheel and the wallower between them do the arithmetic.",
    videoSeconds: 231,
    subtitles: ["Count the teeth.", "Eighty to twenty makes four turns for one."],
    question: "A pit wheel of 80 teeth drives a wallower of 20. How many turns for one of the wheel?",
    right: "4",
    wrong: ["0.25", "60"],
  },
  {
    id: "power",
    title: "How much power?",
    text: "Power is flow times fall times gravity, and a good wheel gives two thirds of it to the stone.",
    videoSeconds: 194,
    subtitles: ["One cubic metre a second, falling one metre.", "That is almost ten kilowatts."],
    question: "1 m³/s falls 3 m. How much power is in the water?",
    right: "About 29 kW",
    wrong: ["About 3 kW", "About 290 kW"],
  },
];

export const videoId = (topic: Topic): string => `${topic.id}-video`;
export const problemId = (topic: Topic): string => `${topic.id}-problem`;
export const usageKey = (type: string, id: string): string =>
  `block-v1:${ORG}+${COURSE}+${RUN}+type@${type}+block@${id}`;
