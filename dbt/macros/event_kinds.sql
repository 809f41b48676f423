{#- Which events tell of what, by `event_type` and `event_source`. The same words decide in every model. -#}

{% macro is_video_event() -%}
  (
    event_type in (
      'load_video', 'play_video', 'pause_video', 'stop_video', 'seek_video', 'complete_video', 'speed_change_video',
      'show_transcript', 'hide_transcript', 'video_show_cc_menu', 'video_hide_cc_menu'
    )
    or event_type like 'edx.video.%'
  )
{%- endmacro %}

{#- The browser sends the form's fields under the same name; only the server's event has the result. -#}
{% macro is_problem_check() -%}
  (event_type = 'problem_check' and event_source = 'server')
{%- endmacro %}

{% macro is_enrollment_event() -%}
  (event_type like 'edx.course.enrollment.%')
{%- endmacro %}

{% macro video_action() -%}
  case
    when event_type in ('load_video', 'edx.video.loaded') then 'load'
    when event_type in ('play_video', 'edx.video.played') then 'play'
    when event_type in ('pause_video', 'edx.video.paused') then 'pause'
    when event_type in ('stop_video', 'edx.video.stopped') then 'stop'
    when event_type in ('seek_video', 'edx.video.position.changed') then 'seek'
    when event_type in ('complete_video', 'edx.video.completed') then 'complete'
    when event_type in ('speed_change_video', 'edx.video.speed.changed') then 'speed'
    when event_type like '%transcript%' or event_type like '%cc_menu' or event_type like '%captions%' then 'transcript'
    else 'other'
  end
{%- endmacro %}

{#- The last part of a block's key in all its forms: `i4x-Org-X-video-id`, `i4x://Org/X/problem/id`, `...block@id`. -#}
{% macro block_name(text) -%}
  regexp_replace({{ text }}, '^(.*[/@]|i4x-.*-[a-z_]+-)', '')
{%- endmacro %}
