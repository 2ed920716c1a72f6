// One answer to one of the seven questions (SEC 1 to SEC 7) of the security pillar in
// the AWS Well-Architected ElastiCache Lens, as far as a proxy can see it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace respgate::proxy {

struct Finding {
  enum class Level : std::uint8_t { kOk, kWarn, kFail };
  int sec = 1;
  Level level = Level::kOk;
  std::string what;   // printable ASCII, as the two below: names and paths went through log_text()
  std::string why;    // it matters; may be empty where all is well
  std::string write;  // what to write instead; empty where all is well
};

std::string_view level_name(Finding::Level level);  // "ok", "warn", "FAIL"

// "SEC 2  FAIL  user app: nopass  (why it matters; what to write)"
std::string to_line(const Finding& finding);

// Collects findings in whatever order they are found.
class Findings {
 public:
  void ok(int sec, std::string what, std::string why = "");
  void warn(int sec, std::string what, std::string why, std::string write);
  void fail(int sec, std::string what, std::string why, std::string write);

  // Sorted by question; within one, in the order in which they were found.
  std::vector<Finding> take();

 private:
  std::vector<Finding> found_;
};

}  // namespace respgate::proxy
