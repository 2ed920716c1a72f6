// The files in conf/ are the documentation people start from: they have to load.
#include <filesystem>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/cli/whole_check.h"
#include "proxy/config/config.h"
#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

const std::filesystem::path kExamples = std::filesystem::path(RESPGATE_TEST_DATA) / "../../conf";

// Copies, because the modes of a checkout depend on the umask it was made with.
class ExamplesTest : public testing::Test {
 protected:
  ExamplesTest() {
    for (const auto& entry : std::filesystem::directory_iterator(kExamples)) {
      if (!entry.is_regular_file()) continue;  // those in folders are for other machines
      const std::string name = entry.path().filename().string();
      directory_.write(name, read_whole(entry.path().string()));
      if (entry.path().extension() == ".yaml") configurations_.insert(directory_.file(name));
    }
  }

  TemporaryDirectory directory_;
  std::set<std::string> configurations_;
};

TEST_F(ExamplesTest, AllThreeLoadWithoutAnError) {
  EXPECT_EQ(configurations_.size(), 3u);
  for (const std::string& file : configurations_) {
    for (const ConfigError& error : check_everything(file, 0).errors) ADD_FAILURE() << to_string(error);
  }
}

TEST_F(ExamplesTest, NoneCanBeReachedFromAnotherMachine) {
  for (const std::string& file : configurations_) {
    const Config config = *load_config(file);
    for (const ListenerConfig& listener : config.listeners) EXPECT_TRUE(listener.address.is_loopback()) << file;
  }
}

TEST_F(ExamplesTest, TheGatewayHasEverySectionThereIs) {
  const Config config = *load_config(directory_.file("gateway.yaml"));
  for (const char* section :
       {"listeners", "upstream", "users", "commands", "enforcement", "limits", "audit", "metrics", "admin", "shutdown"}) {
    EXPECT_NE(config.places.of_key(section), config.places.of_key("no such section")) << section;
  }
}

}  // namespace
}  // namespace respgate::proxy
