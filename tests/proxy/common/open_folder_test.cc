#include "proxy/common/open_folder.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/proxy/temporary_directory.h"

namespace respgate::proxy {
namespace {

namespace fs = std::filesystem;

class OpenFolderTest : public testing::Test {
 protected:
  void let_all_write(const std::string& folder, bool is_sticky = false) {
    const fs::perms all = fs::perms::owner_all | fs::perms::group_all | fs::perms::others_all;
    fs::permissions(directory_.file(folder), is_sticky ? all | fs::perms::sticky_bit : all);
  }

  TemporaryDirectory directory_;
};

TEST_F(OpenFolderTest, AFolderThatOnlyItsOwnerMayWriteIsNotOpen) { EXPECT_EQ(folder_open_to_all(directory_.write("a/f", "", 0666)), ""); }

TEST_F(OpenFolderTest, EachFolderAboveTheFileCounts) {
  const std::string file = directory_.write("a/b/f", "");
  for (const char* folder : {"a/b", "a"}) {
    let_all_write(folder);
    EXPECT_EQ(folder_open_to_all(file), directory_.file(folder));
  }
}

TEST_F(OpenFolderTest, AStickyFolderIsNotOpen) {
  const std::string file = directory_.write("a/f", "");
  let_all_write("a", true);
  EXPECT_EQ(folder_open_to_all(file), "");
}

TEST_F(OpenFolderTest, BothWhereALinkLiesAndWhereItLeadsCount) {
  directory_.write("kept/f", "");
  directory_.write("open/f", "");
  let_all_write("open");
  fs::create_symlink("../open/f", directory_.file("kept/to_open"));
  fs::create_symlink("../kept/f", directory_.file("open/to_kept"));
  fs::create_directory_symlink("open", directory_.file("folder"));
  for (const char* way : {"kept/to_open", "open/to_kept", "folder/f", "folder/to_kept"})
    EXPECT_EQ(folder_open_to_all(directory_.file(way)), directory_.file("open")) << way;
  EXPECT_EQ(folder_open_to_all(directory_.file("kept/f")), "");
}

TEST_F(OpenFolderTest, AFolderThatIsOnlyPassedThroughCounts) {
  directory_.write("kept/f", "");
  directory_.write("open/f", "");
  let_all_write("open");
  // Whoever puts a link to elsewhere in its place decides where .. leads.
  EXPECT_EQ(folder_open_to_all(directory_.file("open/../kept/f")), directory_.file("open"));
}

TEST_F(OpenFolderTest, WaysThatLeadNowhereEnd) {
  fs::create_symlink("b", directory_.file("a"));
  fs::create_symlink("a", directory_.file("b"));
  EXPECT_EQ(folder_open_to_all(directory_.file("a")), "");
  EXPECT_EQ(folder_open_to_all(directory_.file("missing/f")), "");
}

TEST_F(OpenFolderTest, OnlyFilesWithSuchAFolderAreListed) {
  const std::string kept = directory_.write("kept/f", ""), open = directory_.write("open/f", "");
  let_all_write("open");
  EXPECT_EQ(folders_open_to_all({kept, open}), (OpenFolders{{open, directory_.file("open")}}));
}

}  // namespace
}  // namespace respgate::proxy
