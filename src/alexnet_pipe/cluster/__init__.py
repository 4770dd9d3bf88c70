"""Work that is done shard by shard, on all cores or on a cluster; what is finished is never lost."""
