#include "sites/slurm/job_shell.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace fabrica::sites::slurm {

namespace {

// After the facts of the job, before its script. $$ is this shell's number in subshells too.
constexpr std::string_view shell = R"sh(
number=${SLURM_ARRAY_TASK_ID:-0}
binding=${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}
who="attempt=$attempt&number=$number&binding=$binding&run=${SLURM_RESTART_COUNT:-0}"
out=$(readlink "/proc/$$/fd/1")
err=$(readlink "/proc/$$/fd/2")
[[ $err != "$out" ]] || err=
out_start=$(stat -Lc %s -- "$out" 2>/dev/null)
err_start=$(stat -Lc %s -- "$err" 2>/dev/null)

# tell METHOD WORD [ARGUMENT OF CURL…]: says it to the server and prints the answer. The token does
# not show among the arguments of a process.
tell() {
  local method=$1 word=$2
  shift 2
  curl --silent --fail --connect-timeout 5 --max-time 20 ${ca:+--cacert "$ca"} \
    --config <(printf 'header = "Authorization: Bearer %s"\n' "$token") \
    --request "$method" "$@" "$url/v1/jobs/$job/own/$word"
}

give_up() {
  echo "fabrica: the job's script was not run: $1" >&2
  rm -f -- "$script"
  exit 75
}

may_begin() {
  local said last=$((SECONDS + 600))
  command -v curl >/dev/null || give_up "this node has no curl"
  while :; do
    said=$(tell POST "begin?$who" --data '')
    case $said in
      go) return ;;
      never*) give_up "${said#never }" ;;
      finished*)
        rm -f -- "$script"
        exit "${said#finished }"
        ;;
    esac
    ((SECONDS < last)) || give_up "the server at $url cannot be asked"
    sleep 1
  done
}

# send FILE STREAM START AT: sends what FILE has beyond AT bytes after START; `at` is how far it came.
send() {
  local size said
  at=$4
  while [[ $at != full ]] && size=$(stat -Lc %s -- "$1" 2>/dev/null) && ((size - $3 > at)); do
    said=$(tail -c "+$(($3 + at + 1))" -- "$1" | head -c 262144 |
      tell PUT "output/$2?$who&offset=$at" --data-binary @- -H 'Content-Type: text/plain') || return
    [[ $said != never ]] || said=full
    at=$said
  done
}

# Sends every second until its input ends, and then once more.
send_all() {
  local at out_at=0 err_at=0 more=142
  trap '' TERM INT HUP USR1 USR2
  while :; do
    [[ -z $out_start ]] || { send "$out" stdout "$out_start" "$out_at"; out_at=$at; }
    [[ -z $err_start ]] || { send "$err" stderr "$err_start" "$err_at"; err_at=$at; }
    ((more > 128)) || return
    read -r -t 1
    more=$?
  done
}

may_begin
set -m # so that the script may be interrupted, as it may without us
exec 9> >(exec >/dev/null 2>&1; send_all)
sender=$!
ended_from_outside=
trap 'ended_from_outside=1' TERM INT
"$script" "$@" <&0 9>&- &
child=$!
for signal in USR1 USR2 HUP $passed_on; do
  trap "kill -s $signal -- $child" "$signal"
done
wait "$child"
code=$?
while kill -0 "$child" 2>/dev/null; do
  wait "$child"
  code=$?
done
exec 9>&-
wait "$sender"
rm -f -- "$script"
[[ -n $ended_from_outside ]] || tell POST "return?$who&exit_code=$code" --data '' >/dev/null 2>&1
exit "$code"
)sh";

// For a shell, in single quotes.
std::string in_single_quotes(std::string_view text) {
  std::string all = "'";
  for (const char c : text) all += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return all + "'";
}

// The signal of "B:USR1@120" and the like, which Slurm sends to this shell alone; a word without
// "B" is for the steps.
std::string passed_on(std::string_view signal) {
  const std::size_t colon = signal.find(':');
  if (colon == std::string_view::npos || !signal.substr(0, colon).contains('B')) return {};
  std::string_view name = signal.substr(colon + 1);
  name = name.substr(0, name.find('@'));
  if (name.starts_with("SIG")) name.remove_prefix(3);
  const bool sane = std::ranges::all_of(
      name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
  return sane ? std::string(name) : std::string();
}

}  // namespace

std::string speaking_script(const JobSpeech& speech, std::string_view script,
                            std::string_view signal) {
  std::string text = "#!/bin/bash\n# Runs a job's script for Fabrica: see docs/operate.md.\n";
  text += fmt::format("url={} ca={}\njob={} attempt={} token={} passed_on={}\n",
                      in_single_quotes(speech.url), in_single_quotes(speech.ca_file),
                      speech.job.value, speech.attempt, in_single_quotes(speech.token),
                      in_single_quotes(passed_on(signal)));
  // Nobody can foresee the token, so no line of the script is this one.
  const std::string mark = "end_of_" + speech.token;
  text += fmt::format(
      "script=$(mktemp \"${{BASH_SOURCE[0]%/*}}/fabrica.XXXXXX\" 2>/dev/null || mktemp) || exit "
      "75\n"
      "head -c {} > \"$script\" <<'{}' || exit 75\n{}\n{}\nchmod 700 \"$script\"\n",
      script.size(), mark, script, mark);
  text += shell.substr(1);
  return text;
}

}  // namespace fabrica::sites::slurm
