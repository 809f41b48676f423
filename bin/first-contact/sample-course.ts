import { gzipSync } from "node:zlib";
import { tarOf } from "./sample-tar.ts";
import { COURSE, ORG, RUN, TOPICS, problemId, videoId, type Topic } from "./sample-outline.ts";

export { SAMPLE_COURSE_ID } from "./sample-outline.ts";
export const SAMPLE_DEPLOYMENT = "mitxonline";

/** A Studio export (OLX, tar.gz). The same bytes at every call. */
export function sampleCourse(): Buffer {
  const files = [...definition(), ...TOPICS.flatMap(topicFiles)].map(([path, text]) => ({
    path: `course/${path}`,
    text,
  }));
  return gzipSync(tarOf(files), { level: 9 });
}

type File = readonly [path: string, text: string];

function definition(): File[] {
  const chapters = TOPICS.map(({ id }) => `  <chapter url_name="${id}-chapter"/>\n`).join("");
  const settings = {
    display_name: "Water Mills: from River to Flour",
    start: "2026-01-12T00:00:00Z",
    end: "2026-03-30T00:00:00Z",
    self_paced: false,
    tabs: [
      { type: "course_info", name: "Home" },
      { type: "courseware", name: "Course" },
      { type: "progress", name: "Progress" },
    ],
    certificates: {
      certificates: [
        {
          id: 1,
          name: "Certificate of the mill",
          is_active: true,
          signatories: [
            {
              id: 11,
              name: "Ada Weir",
              title: "Miller in Residence",
              organization: ORG,
              signature_image_path: "/static/ada-weir.svg",
            },
          ],
        },
      ],
    },
  };
  const grading = {
    GRADER: [{ type: "Exercise", short_label: "Ex", min_count: 6, drop_count: 1, weight: 1.0 }],
    GRADE_CUTOFFS: { Pass: 0.6 },
  };
  return [
    ["course.xml", `<course url_name="${RUN}" org="${ORG}" course="${COURSE}"/>\n`],
    [
      `course/${RUN}.xml`,
      `<course display_name="${settings.display_name}" start="${settings.start}" end="${settings.end}" ` +
        `enrollment_start="2025-12-01T00:00:00Z" self_paced="false" language="en">\n${chapters}` +
        `  <wiki slug="${ORG}.${COURSE}.${RUN}"/>\n</course>\n`,
    ],
    [
      "about/overview.html",
      "<section><h2>Water Mills</h2><p>Six short units on the oldest engine that still runs.</p></section>\n",
    ],
    ["assets/assets.xml", "<assets/>\n"],
    [`policies/${RUN}/policy.json`, `${JSON.stringify({ [`course/${RUN}`]: settings }, null, 4)}\n`],
    [`policies/${RUN}/grading_policy.json`, `${JSON.stringify(grading, null, 4)}\n`],
    [
      "static/ada-weir.svg",
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 12"><path d="M1 9q9-14 19-4t19-3" fill="none" stroke="#246"/></svg>\n',
    ],
  ];
}

function topicFiles(topic: Topic): File[] {
  const { id, title, text, subtitles } = topic;
  // One block stands inline in its unit, as Studio exports discussions.
  const discussion = `  <discussion url_name="${id}-talk" xblock-family="xblock.v1" display_name="Talk: ${title}"/>\n`;
  return [
    [
      `chapter/${id}-chapter.xml`,
      `<chapter display_name="${title}">\n  <sequential url_name="${id}-lesson"/>\n</chapter>\n`,
    ],
    [
      `sequential/${id}-lesson.xml`,
      `<sequential display_name="${title}: lesson" graded="true" format="Exercise">\n` +
        `  <vertical url_name="${id}-watch"/>\n  <vertical url_name="${id}-try"/>\n</sequential>\n`,
    ],
    [
      `vertical/${id}-watch.xml`,
      `<vertical display_name="Watch">\n  <html url_name="${id}-text"/>\n  <video url_name="${videoId(topic)}"/>\n</vertical>\n`,
    ],
    [
      `vertical/${id}-try.xml`,
      `<vertical display_name="Try">\n  <problem url_name="${problemId(topic)}"/>\n${discussion}</vertical>\n`,
    ],
    [`html/${id}-text.xml`, `<html filename="${id}-text" display_name="${title}"/>\n`],
    [`html/${id}-text.html`, `<p>${text}</p>\n`],
    [`video/${videoId(topic)}.xml`, videoXml(topic)],
    [`problem/${problemId(topic)}.xml`, problemXml(topic)],
    [`static/subs-${id}.srt`, subtitles.map((line, index) => subtitle(line, index)).join("\n")],
  ];
}

const videoXml = (topic: Topic): string =>
  `<video url_name="${videoId(topic)}" display_name="${topic.title} (film)" edx_video_id="sample-${topic.id}" ` +
  `transcripts="{&quot;en&quot;: &quot;subs-${topic.id}.srt&quot;}">\n` +
  `  <video_asset client_video_id="${topic.id}.mp4" duration="${topic.videoSeconds}.0"/>\n` +
  `  <transcript language="en" src="subs-${topic.id}.srt"/>\n</video>\n`;

function problemXml({ question, right, wrong, title }: Topic): string {
  const choices = [[right, "true"], ...wrong.map((text) => [text, "false"])];
  const lines = choices.map(([text, correct]) => `      <choice correct="${correct}">${text}</choice>\n`).join("");
  return (
    `<problem display_name="Exercise: ${title}" max_attempts="3" weight="1.0">\n  <multiplechoiceresponse>\n` +
    `    <label>${question}</label>\n    <choicegroup type="MultipleChoice">\n${lines}    </choicegroup>\n` +
    `  </multiplechoiceresponse>\n</problem>\n`
  );
}

function subtitle(line: string, index: number): string {
  const at = (seconds: number) => `00:00:${String(seconds).padStart(2, "0")},000`;
  return `${index + 1}\n${at(index * 5)} --> ${at(index * 5 + 4)}\n${line}\n`;
}
